//! What characters do: the verbs of ideas, and the action of the world that each one becomes.

/// What a verb needs after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Nothing: "dances".
    None,
    /// A prop: "finds a flower".
    Prop,
    /// The second character: "chases a dog".
    Other,
    /// The second character, then a prop: "gives a dog a ball".
    Gift,
}

/// A verb with its forms.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// The action of whoever does it.
    pub action: &'static str,
    /// The second character's action; empty if there is none.
    pub other: &'static str,
    /// "find finds found finding": infinitive, third person, past, gerund.
    pub forms: &'static str,
    /// What stands between verb and object: "for", "at"; may be empty.
    pub tail: &'static str,
    /// What comes after.
    pub object: Object,
    /// Props that make sense, `"a|b"`; empty: all of them.
    pub props: &'static str,
}

impl Verb {
    /// Form 0 to 3 with the words that belong to the verb.
    #[must_use]
    pub fn form(&self, n: usize) -> String {
        let word = self.forms.split(' ').nth(n).unwrap_or(self.forms);
        if self.tail.is_empty() { word.to_owned() } else { format!("{word} {}", self.tail) }
    }
}

const fn v(action: &'static str, forms: &'static str, tail: &'static str) -> Verb {
    Verb { action, other: "", forms, tail, object: Object::None, props: "" }
}

const fn p(action: &'static str, forms: &'static str, tail: &'static str, props: &'static str) -> Verb {
    Verb { action, other: "", forms, tail, object: Object::Prop, props }
}

const fn o(action: &'static str, other: &'static str, forms: &'static str, tail: &'static str) -> Verb {
    Verb { action, other, forms, tail, object: Object::Other, props: "" }
}

/// Verbs without an object. The first ones of an action are the plain ones.
pub const ALONE: [Verb; 62] = [
    v("stand", "stand stands stood standing", ""),
    v("stand", "wait waits waited waiting", ""),
    v("stand", "stop stops stopped stopping", ""),
    v("stand", "stand stands stood standing", "still"),
    v("stand", "pose poses posed posing", ""),
    v("walk", "walk walks walked walking", ""),
    v("walk", "go goes went going", "for a walk"),
    v("walk", "stroll strolls strolled strolling", ""),
    v("walk", "wander wanders wandered wandering", ""),
    v("walk", "march marches marched marching", ""),
    v("walk", "tiptoe tiptoes tiptoed tiptoeing", ""),
    v("walk", "hike hikes hiked hiking", ""),
    v("walk", "travel travels travelled travelling", ""),
    v("run", "run runs ran running", ""),
    v("run", "race races raced racing", ""),
    v("run", "hurry hurries hurried hurrying", ""),
    v("run", "run runs ran running", "away"),
    v("run", "dash dashes dashed dashing", ""),
    v("run", "run runs ran running", "very fast"),
    v("run", "jog jogs jogged jogging", ""),
    v("jump", "jump jumps jumped jumping", ""),
    v("jump", "hop hops hopped hopping", ""),
    v("jump", "leap leaps leaped leaping", ""),
    v("jump", "bounce bounces bounced bouncing", ""),
    v("jump", "jump jumps jumped jumping", "up and down"),
    v("jump", "skip skips skipped skipping", ""),
    v("jump", "play plays played playing", ""),
    v("wave", "wave waves waved waving", ""),
    v("wave", "wave waves waved waving", "hello"),
    v("wave", "say says said saying", "hello"),
    v("wave", "wave waves waved waving", "goodbye"),
    v("wave", "say says said saying", "goodbye"),
    v("dance", "dance dances danced dancing", ""),
    v("dance", "dance dances danced dancing", "happily"),
    v("dance", "celebrate celebrates celebrated celebrating", ""),
    v("dance", "sway sways swayed swaying", ""),
    v("dance", "do does did doing", "a dance"),
    v("spin", "spin spins spun spinning", ""),
    v("spin", "spin spins spun spinning", "around"),
    v("spin", "twirl twirls twirled twirling", ""),
    v("spin", "whirl whirls whirled whirling", ""),
    v("spin", "turn turns turned turning", "in circles"),
    v("fly", "fly flies flew flying", ""),
    v("fly", "float floats floated floating", ""),
    v("fly", "soar soars soared soaring", ""),
    v("fly", "glide glides glided gliding", ""),
    v("fly", "hover hovers hovered hovering", ""),
    v("sit", "sit sits sat sitting", ""),
    v("sit", "sit sits sat sitting", "down"),
    v("sit", "rest rests rested resting", ""),
    v("sit", "relax relaxes relaxed relaxing", ""),
    v("sleep", "sleep sleeps slept sleeping", ""),
    v("sleep", "nap naps napped napping", ""),
    v("sleep", "fall falls fell falling", "asleep"),
    v("sleep", "take takes took taking", "a nap"),
    v("sleep", "dream dreams dreamed dreaming", ""),
    v("talk", "talk talks talked talking", ""),
    v("talk", "sing sings sang singing", ""),
    v("talk", "tell tells told telling", "a story"),
    v("talk", "laugh laughs laughed laughing", ""),
    v("look", "look looks looked looking", "around"),
    v("look", "look looks looked looking", "up"),
];

/// Verbs with a prop.
pub const WITH_PROP: [Verb; 45] = [
    p("look", "find finds found finding", "", ""),
    p("look", "discover discovers discovered discovering", "", ""),
    p("look", "see sees saw seeing", "", ""),
    p("look", "spot spots spotted spotting", "", ""),
    p("look", "look looks looked looking", "for", ""),
    p("look", "look looks looked looking", "at", ""),
    p("look", "search searches searched searching", "for", ""),
    p("look", "watch watches watched watching", "", "star|kite|balloon|lantern|flower|ball"),
    p("look", "stare stares stared staring", "at", ""),
    p("look", "lose loses lost losing", "", ""),
    p("look", "want wants wanted wanting", "", ""),
    p("walk", "carry carries carried carrying", "", ""),
    p("walk", "bring brings brought bringing", "", ""),
    p("walk", "walk walks walked walking", "with", ""),
    p("walk", "take takes took taking", "", ""),
    p("walk", "follow follows followed following", "", "star|balloon|kite|ball|lantern"),
    p("stand", "hold holds held holding", "", ""),
    p("stand", "guard guards guarded guarding", "", ""),
    p("stand", "stand stands stood standing", "under", "umbrella|star|kite|balloon|lantern"),
    p("stand", "open opens opened opening", "", "gift|book|umbrella"),
    p("run", "chase chases chased chasing", "", "ball|balloon|kite|star|apple"),
    p("run", "run runs ran running", "after", "ball|balloon|kite|star|apple"),
    p("run", "run runs ran running", "with", ""),
    p("run", "fly flies flew flying", "", "kite"),
    p("run", "kick kicks kicked kicking", "", "ball"),
    p("run", "steal steals stole stealing", "", ""),
    p("jump", "catch catches caught catching", "", "ball|balloon|kite|star|apple"),
    p("jump", "play plays played playing", "with", "ball|balloon|kite|gift|star"),
    p("jump", "jump jumps jumped jumping", "over", ""),
    p("jump", "jump jumps jumped jumping", "on", "mushroom|gift|book|cake"),
    p("wave", "wave waves waved waving", "with", "flower|balloon|kite|book|lantern|umbrella"),
    p("dance", "dance dances danced dancing", "with", ""),
    p("dance", "dance dances danced dancing", "around", ""),
    p("spin", "spin spins spun spinning", "around", ""),
    p("spin", "twirl twirls twirled twirling", "with", "umbrella|balloon|flower|kite"),
    p("fly", "fly flies flew flying", "with", "balloon|kite|star|umbrella|gift|lantern"),
    p("fly", "float floats floated floating", "with", "balloon|umbrella|kite"),
    p("sit", "sit sits sat sitting", "with", ""),
    p("sit", "eat eats ate eating", "", "apple|cake|mushroom"),
    p("sit", "read reads read reading", "", "book"),
    p("sit", "sit sits sat sitting", "on", "mushroom|gift|ball|book"),
    p("sleep", "sleep sleeps slept sleeping", "next to", ""),
    p("sleep", "dream dreams dreamed dreaming", "of", ""),
    p("talk", "talk talks talked talking", "to", ""),
    p("talk", "sing sings sang singing", "to", "flower|star|mushroom|lantern|cake"),
];

/// Verbs with a second character.
pub const WITH_OTHER: [Verb; 32] = [
    o("run", "run", "chase chases chased chasing", ""),
    o("run", "run", "race races raced racing", "with"),
    o("run", "run", "run runs ran running", "from"),
    o("run", "run", "run runs ran running", "after"),
    o("walk", "walk", "follow follows followed following", ""),
    o("walk", "walk", "walk walks walked walking", "with"),
    o("wave", "wave", "meet meets met meeting", ""),
    o("wave", "wave", "greet greets greeted greeting", ""),
    o("wave", "wave", "wave waves waved waving", "at"),
    o("wave", "wave", "wave waves waved waving", "to"),
    o("wave", "wave", "say says said saying", "hello to"),
    o("stand", "stand", "hug hugs hugged hugging", ""),
    o("stand", "stand", "wait waits waited waiting", "for"),
    o("stand", "stand", "help helps helped helping", ""),
    o("talk", "talk", "talk talks talked talking", "to"),
    o("talk", "talk", "talk talks talked talking", "with"),
    o("talk", "look", "sing sings sang singing", "to"),
    o("talk", "look", "tell tells told telling", "a story to"),
    o("talk", "sit", "teach teaches taught teaching", ""),
    o("talk", "talk", "argue argues argued arguing", "with"),
    o("dance", "dance", "dance dances danced dancing", "with"),
    o("jump", "jump", "play plays played playing", "with"),
    o("jump", "run", "scare scares scared scaring", ""),
    o("spin", "spin", "spin spins spun spinning", "with"),
    o("look", "look", "find finds found finding", ""),
    o("look", "look", "look looks looked looking", "for"),
    o("look", "dance", "watch watches watched watching", ""),
    o("sit", "sit", "sit sits sat sitting", "with"),
    o("sit", "sit", "rest rests rested resting", "next to"),
    o("sleep", "sleep", "sleep sleeps slept sleeping", "next to"),
    o("talk", "sleep", "wake wakes woke waking", ""),
    o("fly", "fly", "fly flies flew flying", "with"),
];

/// Verbs outside the world, with the nearest action.
pub const FAR: [Verb; 24] = [
    v("run", "ride rides rode riding", "a bicycle"),
    v("run", "drive drives drove driving", "a car"),
    v("run", "play plays played playing", "football"),
    v("run", "ski skis skied skiing", ""),
    v("run", "escape escapes escaped escaping", ""),
    v("jump", "climb climbs climbed climbing", ""),
    v("jump", "exercise exercises exercised exercising", ""),
    v("stand", "cook cooks cooked cooking", ""),
    v("stand", "work works worked working", ""),
    v("stand", "smile smiles smiled smiling", ""),
    v("stand", "build builds built building", "a house"),
    v("sit", "paint paints painted painting", "a picture"),
    v("sit", "play plays played playing", "the guitar"),
    v("sit", "have has had having", "a picnic"),
    v("sit", "think thinks thought thinking", ""),
    v("fly", "swim swims swam swimming", ""),
    v("fly", "dive dives dived diving", ""),
    v("look", "dig digs dug digging", ""),
    v("look", "hide hides hid hiding", ""),
    v("look", "explore explores explored exploring", ""),
    v("spin", "skate skates skated skating", ""),
    v("talk", "count counts counted counting", "to ten"),
    v("talk", "shout shouts shouted shouting", ""),
    v("talk", "ask asks asked asking", "a question"),
];

/// "gives a dog a ball" and its like.
pub const GIFTS: [Verb; 3] = [
    Verb { action: "wave", other: "look", forms: "give gives gave giving", tail: "", object: Object::Gift, props: "" },
    Verb {
        action: "stand",
        other: "look",
        forms: "show shows showed showing",
        tail: "",
        object: Object::Gift,
        props: "",
    },
    Verb {
        action: "walk",
        other: "stand",
        forms: "bring brings brought bringing",
        tail: "",
        object: Object::Gift,
        props: "",
    },
];
