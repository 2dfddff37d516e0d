//! The words in which people name the concepts of the world. Lists are written `"a|b|c"`.

/// A concept of the spec and the words for it.
pub struct Concept {
    /// Name in the spec's vocabulary.
    pub name: &'static str,
    /// Words that mean it, the plain one first.
    pub words: &'static str,
    /// Words outside the vocabulary for which it is the nearest concept.
    pub near: &'static str,
}

const fn c(name: &'static str, words: &'static str, near: &'static str) -> Concept {
    Concept { name, words, near }
}

/// Characters.
pub const CHARACTERS: [Concept; 12] = [
    c("robot", "robot|bot|android|droid|machine", "alien|computer|toaster|car|tractor|train|truck|astronaut"),
    c("cat", "cat|kitten|kitty|pussycat", "lion|tiger|leopard|cheetah|panther|hamster"),
    c("dog", "dog|puppy|doggy|pup", "wolf|fox|horse|pony|cow|goat|sheep|hyena|zebra|pig"),
    c("bird", "bird|sparrow|birdie|robin", "owl|parrot|duck|chicken|eagle|bee|butterfly|bat|swan|goose"),
    c("bear", "bear|teddy bear|teddy|bear cub", "elephant|panda|gorilla|hippo|rhino|giant|monkey|koala"),
    c("rabbit", "rabbit|bunny|hare|bunny rabbit", "mouse|squirrel|kangaroo|hedgehog|frog|guinea pig|deer"),
    c("fish", "fish|goldfish|little fish", "whale|shark|dolphin|octopus|crab|mermaid|seal|turtle"),
    c("ghost", "ghost|spirit|phantom|spook", "vampire|zombie|skeleton|monster|snowman|cloud"),
    c("dragon", "dragon|baby dragon|drake", "dinosaur|crocodile|lizard|snake|unicorn|griffin"),
    c("penguin", "penguin|baby penguin|penguin chick", "puffin|walrus|polar seal|pelican"),
    c("girl", "girl|young girl|lass", "princess|queen|witch|fairy|ballerina|teacher|grandma|woman|mum|nurse"),
    c("boy", "boy|young boy|lad", "pirate|knight|king|prince|wizard|man|farmer|chef|doctor|cowboy|grandpa|superhero"),
];

/// Colours of characters.
pub const COLORS: [Concept; 10] = [
    c("red", "red|crimson|scarlet", "ruby"),
    c("orange", "orange|amber", "ginger"),
    c("yellow", "yellow|golden|lemon yellow", "gold"),
    c("green", "green|emerald|lime green", "lime"),
    c("teal", "teal|turquoise|cyan", "mint"),
    c("blue", "blue|navy blue|sky blue|navy", "indigo"),
    c("purple", "purple|violet|lilac", "lavender"),
    c("pink", "pink|rosy|rose pink", "magenta"),
    c("brown", "brown|chocolate brown|chestnut", "beige"),
    c("gray", "gray|grey|silver", "metal"),
];

/// A place: how it is written in a heading and in a sentence.
#[derive(Debug)]
pub struct Place {
    /// Name in the spec's vocabulary.
    pub name: &'static str,
    /// `EXT.` or `INT.`
    pub side: &'static str,
    /// Phrases with a preposition, as the script says them.
    pub at: &'static str,
    /// More phrases that an idea may use.
    pub idea: &'static str,
    /// Nouns for lists of words.
    pub noun: &'static str,
    /// Places outside the vocabulary that are nearest to it.
    pub near: &'static str,
    /// A sentence of atmosphere.
    pub air: &'static str,
}

/// Places.
pub const PLACES: [Place; 12] = [
    Place {
        name: "meadow",
        side: "EXT",
        at: "in the meadow|on the meadow",
        noun: "meadow|grass|field",
        idea: "in a meadow|in the grass|on a green field|in a field of flowers|on the lawn|in the garden|in a green meadow",
        near: "in a park|in Ireland|on a hill|on a golf course|in the valley",
        air: "The grass is soft.|Bees hum in the grass.",
    },
    Place {
        name: "forest",
        side: "EXT",
        at: "in the forest|between the trees",
        noun: "forest|woods|trees",
        idea: "in a forest|in the woods|among the trees|in the deep woods|under the trees|in a dark forest|in an autumn forest|in a wood",
        near: "in the jungle|in the rainforest|in the Amazon|in a swamp|in autumn",
        air: "The leaves whisper.|The trees are tall.",
    },
    Place {
        name: "city",
        side: "EXT",
        at: "in the city|in the street",
        noun: "city|town|street",
        idea: "in a city|in a big city|in town|on the street|downtown|between the skyscrapers|in the streets|on the road|in a town",
        near: "in Paris|in New York|in London|in Tokyo|in Berlin|at the airport|at the mall|in a village|at the train station",
        air: "The windows shine.|Cars hum far away.",
    },
    Place {
        name: "beach",
        side: "EXT",
        at: "at the beach|on the sand",
        noun: "beach|seaside|sand",
        idea: "on the beach|at the seaside|on a sandy beach|by the sea|on an island|on the shore|at the coast|on a beach|by the ocean",
        near: "in Hawaii|by the lake|at the river|at the pool|in California|in the harbour",
        air: "Waves roll in.|The sand is warm.",
    },
    Place {
        name: "snow",
        side: "EXT",
        at: "in the snow|on the snowy hill",
        noun: "snow|ice|snowy mountain",
        idea: "in snow|on a snowy mountain|on the ice|in the winter|in a snowy land|at the north pole|in the cold snow|in the mountains|on a glacier",
        near: "in Antarctica|in Norway|in Alaska|on Mount Everest|in Siberia|in the Alps",
        air: "Everything is white.|The air is cold.",
    },
    Place {
        name: "moon",
        side: "EXT",
        at: "on the moon",
        noun: "moon|space|outer space",
        idea: "on the moon|in space|in outer space|among the stars|on a crater|on the lunar surface|up on the moon|in the galaxy",
        near: "on Mars|on another planet|in a rocket|on Saturn|in a space station",
        air: "The stars are bright.|It is very quiet here.",
    },
    Place {
        name: "room",
        side: "INT",
        at: "in the room|at home",
        noun: "room|bedroom|house",
        idea: "in a room|in the bedroom|at home|in the living room|in the house|indoors|inside|in a cosy room|in its room",
        near: "in the kitchen|in a hotel|in the attic|in an office|in the bathroom|in a hospital",
        air: "The lamp glows.|The room is cosy.",
    },
    Place {
        name: "sea",
        side: "EXT",
        at: "under the sea|in the sea",
        noun: "sea|ocean|ocean floor",
        idea: "under the sea|in the ocean|underwater|on the ocean floor|deep in the sea|under water|at the bottom of the sea|in a coral reef|in the water",
        near: "in a submarine|in an aquarium|in the deep lake|in Atlantis",
        air: "Bubbles rise.|The water is clear.",
    },
    Place {
        name: "desert",
        side: "EXT",
        at: "in the desert|on the dunes",
        noun: "desert|dunes|cactus land",
        idea: "in a desert|in the hot desert|on a sand dune|among the cacti|in the sandy desert|in the dunes|in a dry desert",
        near: "in Egypt|in the Sahara|in Arizona|at the pyramids|in the Wild West",
        air: "The sun is hot.|A cactus stands alone.",
    },
    Place {
        name: "farm",
        side: "EXT",
        at: "on the farm|by the barn",
        noun: "farm|barn|farmyard",
        idea: "on a farm|at the farm|in the barn|on the farmyard|next to a barn|in the countryside|by the red barn",
        near: "in a stable|at the zoo|at the market|on a ranch|in an orchard",
        air: "The barn is red.|The hay smells sweet.",
    },
    Place {
        name: "castle",
        side: "EXT",
        at: "at the castle|by the castle tower",
        noun: "castle|palace|tower",
        idea: "in a castle|in the castle|at a castle|in an old castle|in the palace|on a tower|in a palace|in front of the castle",
        near: "in a temple|in a museum|in a fortress|in Camelot|in a church",
        air: "Flags wave on the tower.|The old walls are high.",
    },
    Place {
        name: "classroom",
        side: "INT",
        at: "in the classroom|at school",
        noun: "classroom|school|class",
        idea: "in a classroom|at school|in the school|in class|in front of the blackboard|in a school",
        near: "in a library|in a laboratory|at the university|in a theatre",
        air: "The blackboard is clean.|The desks stand in rows.",
    },
];

/// Times of day: the heading's word, phrases of an idea, phrases of a script.
pub const TIMES: [(&str, &str, &str); 4] = [
    (
        "day",
        "during the day|on a sunny day|in the afternoon|at noon|in the sunshine|on a bright day|by day",
        "under the sun|on a bright day",
    ),
    (
        "sunset",
        "at sunset|in the evening|at dusk|at twilight|as the sun sets|in the evening light|when the sun goes down",
        "at sunset|in the evening light",
    ),
    (
        "night",
        "at night|by night|at midnight|in the dark|under the stars|late at night|in the moonlight|in the middle of the night",
        "at night|under the stars",
    ),
    (
        "dawn",
        "at dawn|at sunrise|early in the morning|in the morning|at daybreak|before breakfast",
        "at dawn|in the morning light",
    ),
];

/// Weather: phrases of an idea, phrases of a script.
pub const WEATHER: [(&str, &str, &str); 4] = [
    ("clear", "under a clear sky|in clear weather", "under a clear sky"),
    (
        "rain",
        "in the rain|on a rainy day|while it rains|in a storm|in the pouring rain|when it is raining|in wet weather",
        "in the rain",
    ),
    (
        "snow",
        "while it snows|in a snowstorm|in falling snow|when it is snowing|as snow falls|in a blizzard",
        "in falling snow",
    ),
    ("fog", "in the fog|in the mist|on a foggy day|in thick fog|when it is foggy|in misty weather", "in the fog"),
];

/// Props, without "none".
pub const PROPS: [Concept; 12] = [
    c("ball", "ball|football|beach ball|toy ball", "coin|marble|bicycle|wheel"),
    c("flower", "flower|rose|daisy|tulip|blossom", "plant|leaf|tree|feather"),
    c("gift", "gift|present|gift box|parcel", "treasure|box|letter|treasure chest|package|bag"),
    c("balloon", "balloon|red balloon|party balloon", "bubble|hot air balloon|rocket"),
    c("mushroom", "mushroom|toadstool|fungus", "acorn|snail|carrot|stone"),
    c("star", "star|shooting star|little star|fallen star", "diamond|jewel|crystal|ring|crown"),
    c("book", "book|story book|storybook|picture book", "map|newspaper|phone|picture|diary"),
    c("apple", "apple|red apple|juicy apple", "banana|pear|cherry|sandwich|cheese"),
    c("umbrella", "umbrella|parasol", "tent|hat|sword|stick"),
    c("lantern", "lantern|lamp|light", "candle|torch|key|fire"),
    c("cake", "cake|birthday cake|cupcake", "pizza|cookie|ice cream|pie|bread"),
    c("kite", "kite|paper kite", "flag|paper plane|drone|scarf"),
];

/// Moods and the adjectives for them. Neutral has decorative ones only.
pub const MOODS: [(&str, &str); 6] = [
    ("neutral", "little|small|tiny|big|old|young|brave|kind|curious|tired|clever|silly|hungry|lazy|cute|friendly"),
    ("happy", "happy|cheerful|joyful|merry|glad|smiling"),
    ("sad", "sad|lonely|unhappy|crying|gloomy"),
    ("surprised", "surprised|amazed|astonished|shocked"),
    ("angry", "angry|grumpy|mad|furious|cross"),
    ("shy", "shy|timid|bashful|nervous|scared"),
];

/// Names that people give to characters.
pub const NAMES: &str = "Bolt|Mimi|Max|Luna|Pip|Coco|Rex|Nina|Tom|Bella|Oscar|Lily|Momo|Ziggy|Rosie|Felix|Daisy|Leo|Ruby|Sam|Pingu|Ada|Otto|Lola|Finn|Mia|Bob|Kiki|Anna|Ben|Zoe|Milo|Emma|Hugo|Tilly|Noah";
