//! Simple lessons with quiz questions, as text and as JSON.

use super::rng::Rng;

/// A fact, a question about it, the right answer, two wrong ones.
type Fact = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Topic names (`"a|b"`), then facts.
const TOPICS: [(&str, [Fact; 4]); 18] = [
    (
        "colors|colours|mixing colours",
        [
            ("Red and yellow make orange.", "What do red and yellow make?", "orange", "blue", "pink"),
            ("Blue and yellow make green.", "What do blue and yellow make?", "green", "red", "gray"),
            ("Red and blue make purple.", "What do red and blue make?", "purple", "yellow", "green"),
            ("Red and white make pink.", "What do red and white make?", "pink", "brown", "teal"),
        ],
    ),
    (
        "the weather|weather",
        [
            ("Rain falls from clouds.", "Where does rain come from?", "clouds", "the moon", "trees"),
            ("Snow is frozen water.", "What is snow?", "frozen water", "sand", "sugar"),
            ("Fog is a cloud near the ground.", "What is fog?", "a cloud near the ground", "smoke", "a wind"),
            ("An umbrella keeps you dry.", "What keeps you dry?", "an umbrella", "a cake", "a kite"),
        ],
    ),
    (
        "day and night|the day",
        [
            ("The sun shines in the day.", "When does the sun shine?", "in the day", "at night", "never"),
            ("Stars shine at night.", "When do we see stars?", "at night", "at noon", "never"),
            ("Dawn is the start of the day.", "What is dawn?", "the start of the day", "a star", "the end"),
            ("At sunset the sky is red.", "What color is the sky at sunset?", "red", "green", "black"),
        ],
    ),
    (
        "the moon|space",
        [
            ("The moon goes around the Earth.", "What does the moon go around?", "the Earth", "the stars", "a tree"),
            ("The moon has no air.", "What does the moon not have?", "air", "stones", "craters"),
            ("The moon is smaller than the Earth.", "Which is smaller?", "the moon", "the Earth", "the sun"),
            (
                "The moon shines with light of the sun.",
                "Where does moonlight come from?",
                "the sun",
                "a lamp",
                "the sea",
            ),
        ],
    ),
    (
        "robots|a robot",
        [
            ("A robot is a machine.", "What is a robot?", "a machine", "an animal", "a plant"),
            ("A robot needs power.", "What does a robot need?", "power", "apples", "sleep"),
            ("A robot follows a program.", "What does a robot follow?", "a program", "a cat", "the wind"),
            ("Some robots build cars.", "What do some robots build?", "cars", "clouds", "stars"),
        ],
    ),
    (
        "birds|a bird",
        [
            ("Birds have wings and feathers.", "What do birds have?", "wings", "wheels", "horns"),
            ("Birds lay eggs.", "What do birds lay?", "eggs", "apples", "stones"),
            ("Birds build nests.", "What do birds build?", "nests", "castles", "boats"),
            ("Most birds can fly.", "What can most birds do?", "fly", "read", "cook"),
        ],
    ),
    (
        "fish|the fish",
        [
            ("Fish live in water.", "Where do fish live?", "in water", "in trees", "in sand"),
            ("Fish breathe with gills.", "What do fish breathe with?", "gills", "wings", "ears"),
            ("Fish swim with fins.", "What do fish swim with?", "fins", "legs", "hands"),
            ("A group of fish is a school.", "What is a group of fish?", "a school", "a farm", "a room"),
        ],
    ),
    (
        "bears|a bear",
        [
            ("Bears sleep in winter.", "When do bears sleep long?", "in winter", "in summer", "never"),
            ("Bears like honey.", "What do bears like?", "honey", "stones", "kites"),
            ("A young bear is a cub.", "What is a young bear?", "a cub", "a puppy", "a chick"),
            ("Bears have thick fur.", "What do bears have?", "thick fur", "feathers", "fins"),
        ],
    ),
    (
        "penguins|a penguin",
        [
            ("Penguins are birds that cannot fly.", "What can penguins not do?", "fly", "swim", "walk"),
            ("Penguins swim very well.", "What do penguins do well?", "swim", "fly", "sing"),
            (
                "Penguins live where it is cold.",
                "Where do penguins live?",
                "where it is cold",
                "in the desert",
                "on the moon",
            ),
            ("Penguins eat fish.", "What do penguins eat?", "fish", "cake", "grass"),
        ],
    ),
    (
        "cats|a cat",
        [
            ("A young cat is a kitten.", "What is a young cat?", "a kitten", "a cub", "a puppy"),
            ("Cats see well in the dark.", "When do cats see well?", "in the dark", "never", "under water"),
            ("Cats sleep a lot.", "What do cats do a lot?", "sleep", "swim", "fly"),
            ("Cats have soft paws.", "What do cats have?", "soft paws", "wings", "fins"),
        ],
    ),
    (
        "dogs|a dog",
        [
            ("A young dog is a puppy.", "What is a young dog?", "a puppy", "a kitten", "a chick"),
            ("Dogs smell very well.", "What do dogs do well?", "smell", "fly", "read"),
            ("Dogs like to play with a ball.", "What do dogs play with?", "a ball", "a cloud", "the moon"),
            ("Dogs are good friends.", "What are dogs?", "good friends", "plants", "machines"),
        ],
    ),
    (
        "rabbits|a rabbit",
        [
            ("Rabbits have long ears.", "What is long on a rabbit?", "its ears", "its tail", "its nose"),
            ("Rabbits eat grass and carrots.", "What do rabbits eat?", "grass", "fish", "stones"),
            ("Rabbits jump well.", "What do rabbits do well?", "jump", "swim", "sing"),
            ("Rabbits live in burrows.", "Where do rabbits live?", "in burrows", "in nests", "in the sea"),
        ],
    ),
    (
        "the sea|the ocean|oceans",
        [
            ("The sea is salty.", "How does the sea taste?", "salty", "sweet", "sour"),
            ("The sea has waves.", "What does the sea have?", "waves", "wheels", "walls"),
            ("Many fish live in the sea.", "Who lives in the sea?", "fish", "cats", "rabbits"),
            ("The sea is deep and blue.", "What color is the sea?", "blue", "orange", "pink"),
        ],
    ),
    (
        "the desert|deserts",
        [
            ("A desert is very dry.", "How is a desert?", "very dry", "very wet", "very green"),
            ("A cactus keeps water.", "What does a cactus keep?", "water", "snow", "honey"),
            ("Deserts have sand dunes.", "What do deserts have?", "sand dunes", "waves", "fog"),
            ("It is cold there at night.", "How is a desert at night?", "cold", "hot", "wet"),
        ],
    ),
    (
        "the forest|forests|trees",
        [
            ("Trees have roots and leaves.", "What do trees have?", "roots", "wheels", "fins"),
            ("Leaves turn red in autumn.", "When do leaves turn red?", "in autumn", "in spring", "never"),
            ("Trees make the air fresh.", "What do trees make fresh?", "the air", "the moon", "the sand"),
            ("Mushrooms grow in the forest.", "What grows in the forest?", "mushrooms", "cakes", "kites"),
        ],
    ),
    (
        "seasons|the seasons",
        [
            ("Spring comes after winter.", "What comes after winter?", "spring", "autumn", "summer"),
            ("Summer is warm.", "How is summer?", "warm", "cold", "dark"),
            ("Leaves fall in autumn.", "When do leaves fall?", "in autumn", "in spring", "in summer"),
            ("Winter is cold.", "Which season is cold?", "winter", "summer", "spring"),
        ],
    ),
    (
        "counting|numbers|counting to ten",
        [
            ("Two comes after one.", "What comes after one?", "two", "three", "five"),
            ("Two and two make four.", "What do two and two make?", "four", "three", "six"),
            ("A week has seven days.", "How many days has a week?", "seven", "five", "ten"),
            ("A hand has five fingers.", "How many fingers has a hand?", "five", "two", "nine"),
        ],
    ),
    (
        "feelings|moods",
        [
            ("We smile when we are happy.", "When do we smile?", "when we are happy", "when we sleep", "never"),
            ("We cry when we are sad.", "When do we cry?", "when we are sad", "at noon", "never"),
            ("A friend helps when you are sad.", "Who helps when you are sad?", "a friend", "a stone", "the fog"),
            ("A shy person is quiet.", "How is a shy person?", "quiet", "loud", "angry"),
        ],
    ),
];

/// A lesson's messages: user and assistant in turn.
#[must_use]
pub fn lesson(r: &mut Rng) -> Vec<(String, String)> {
    let (names, facts) = r.pick(&TOPICS);
    let topic = r.word(names);
    let start = r.below(4);
    let step = if r.chance(0.5) { 1 } else { 3 };
    let n = if r.chance(0.6) { 3 } else { 2 };
    let chosen: Vec<&Fact> = (0..n).map(|i| &facts[(start + i * step) % 4]).collect();
    let head: String = names.split('|').next().unwrap_or(names).to_owned();
    let mut c = head.chars();
    let title: String = c.next().map(|f| f.to_uppercase().chain(c).collect()).unwrap_or_default();
    let text: Vec<&str> = chosen.iter().map(|f| f.0).collect();
    let mut quiz = Vec::new();
    let mut json = Vec::new();
    for (i, f) in chosen.iter().enumerate() {
        let right = r.below(3);
        let mut choices = vec![f.3, f.4];
        choices.insert(right, f.2);
        let letter = ["a", "b", "c"][right];
        quiz.push(format!("{}. {} a) {} b) {} c) {} Answer: {letter}", i + 1, f.1, choices[0], choices[1], choices[2]));
        json.push(format!(
            r#"{{"question":"{}","choices":["{}","{}","{}"],"answer":{right}}}"#,
            f.1, choices[0], choices[1], choices[2]
        ));
    }
    let json = format!(r#"{{"title":"{title}","questions":[{}]}}"#, json.join(","));
    let text = format!("{title}\n{}\n{}", text.join(" "), quiz.join("\n"));
    let ask = format!("Lesson: {topic}");
    if r.chance(0.5) { vec![(ask, text), ("Quiz as JSON".into(), json)] } else { vec![(ask, text)] }
}
