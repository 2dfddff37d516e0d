//! The sentences of stories. `{N}` is who acts, `{P}` the prop with its article; `[one/many]` follows the number of `{N}`.

/// A sentence that says an action, with the mood that it shows.
pub struct Line {
    /// Action in the spec's vocabulary.
    pub action: &'static str,
    /// Mood in the spec's vocabulary.
    pub mood: &'static str,
    /// Without a prop.
    pub plain: &'static str,
    /// With one; empty: none fits.
    pub prop: &'static str,
}

const fn l(action: &'static str, mood: &'static str, plain: &'static str, prop: &'static str) -> Line {
    Line { action, mood, plain, prop }
}

/// How stories begin; the place follows.
pub const OPENINGS: [Line; 8] = [
    l("walk", "", "{N} [walks/walk]", ""),
    l("walk", "", "{N} [goes for a walk/go for a walk]", ""),
    l("walk", "", "{N} [wanders/wander]", ""),
    l("stand", "", "{N} [stands/stand]", ""),
    l("stand", "", "{N} [waits/wait]", ""),
    l("look", "", "{N} [looks around/look around]", ""),
    l("sit", "", "{N} [sits/sit]", ""),
    l("wave", "", "{N} [waves hello/wave hello]", ""),
];

/// What can happen in the middle.
pub const TURNS: [Line; 9] = [
    l("look", "surprised", "{N} [stops/stop] and [looks/look] up.", "{N} [finds/find] {P}."),
    l("look", "surprised", "{N} [hears/hear] a sound and [looks/look] around.", "{N} [sees/see] {P}."),
    l("run", "happy", "{N} [runs/run] faster and faster.", "{N} [runs/run] with {P}."),
    l("jump", "happy", "{N} [jumps/jump] very high.", "{N} [jumps/jump] over {P}."),
    l("spin", "happy", "{N} [spins/spin] around and around.", "{N} [spins/spin] around {P}."),
    l("sit", "neutral", "{N} [sits/sit] down to rest.", "{N} [sits/sit] down with {P}."),
    l("talk", "happy", "{N} [sings/sing] a little song.", "{N} [talks/talk] about {P}."),
    l("stand", "sad", "{N} [stops/stop] and [is/are] sad.", "{N} [stops/stop]. Where is {P}?"),
    l("walk", "neutral", "{N} [walks/walk] on and on.", "{N} [carries/carry] {P}."),
];

/// How stories end.
pub const ENDINGS: [Line; 12] = [
    l("dance", "happy", "{N} [dances/dance] with joy.", "{N} [dances/dance] with {P}."),
    l("dance", "happy", "{N} [does/do] a happy dance.", "{N} [does/do] a happy dance with {P}."),
    l("jump", "happy", "{N} [jumps/jump] for joy.", "{N} [jumps/jump] for joy with {P}."),
    l("wave", "happy", "{N} [smiles/smile] and [waves/wave] goodbye.", "{N} [waves/wave] goodbye with {P}."),
    l("wave", "happy", "{N} happily [waves/wave] at us.", "{N} happily [waves/wave] with {P}."),
    l("sit", "happy", "{N} [sits/sit] down and [smiles/smile].", "{N} happily [sits/sit] next to {P}."),
    l("sleep", "neutral", "{N} [falls/fall] asleep.", "{N} [falls/fall] asleep next to {P}."),
    l("spin", "happy", "{N} [spins/spin] and [laughs/laugh].", "{N} [spins/spin] happily with {P}."),
    l("talk", "happy", "{N} happily [sings/sing] a song.", "{N} happily [talks/talk] about {P}."),
    l("walk", "happy", "{N} happily [walks/walk] home.", "{N} happily [takes/take] {P} home."),
    l("fly", "happy", "{N} happily [flies/fly] away.", "{N} happily [flies/fly] away with {P}."),
    l("look", "happy", "{N} [looks/look] up and [smiles/smile].", "{N} [looks/look] at {P} and [smiles/smile]."),
];

/// What is said while an action or a mood is shown. `{p}` is the bare prop.
pub const SPEECH: [(&str, &str); 20] = [
    ("look", "Oh! What is that?|Look over there!|Where is it?|What do I see?"),
    ("look+", "Oh! A {p}!|Look, a {p}!|What a nice {p}!|There is the {p}!"),
    ("run", "Wait for me!|Faster, faster!|Catch me!|Here I come!"),
    ("walk", "What a nice day!|Let us go!|Where shall I go?|One step, two steps."),
    ("walk+", "This {p} is for you.|I have a {p}!"),
    ("jump", "Hop, hop, hop!|Look how high I jump!|Hooray!|This is fun!"),
    ("jump+", "What a fine {p}!|Hooray, a {p}!"),
    ("wave", "Hello!|Goodbye!|See you soon!|Hello, my friend!"),
    ("dance", "La la la!|Dance with me!|I am so happy!|This is fun!"),
    ("dance+", "I love my {p}!|La la la!"),
    ("spin", "Whee!|Round and round!|I am dizzy!|Look at me!"),
    ("fly", "I can fly!|Up, up, up!|Look at me!|The world is so small!"),
    ("sit", "Ah, that is nice.|I like it here.|Let us rest.|What a good day."),
    ("sit+", "What a lovely {p}.|My own {p}!"),
    ("sleep", "Good night.|Zzz.|Sleep well.|I am so tired."),
    ("talk", "Listen to me!|I have a story for you.|La la la!|Do you know what?"),
    ("talk+", "Listen, little {p}.|Do you like my {p}?"),
    ("stand", "Here I am.|I will wait here.|Hello?|What now?"),
    ("stand+", "This is my {p}.|I will keep the {p}."),
    ("happy+", "My {p}!|Thank you, little {p}!|I am so happy!"),
];
