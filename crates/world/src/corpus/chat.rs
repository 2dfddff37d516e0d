//! Small talk, facts of the world, kind refusals, and dialogues between two characters.

use super::rng::Rng;
use super::words::{CHARACTERS, COLORS, PLACES, PROPS};

/// Questions and answers that do not depend on anything: `"question|question"`, `"answer|answer"`.
const TALK: [(&str, &str); 34] = [
    (
        "hi|hello|hey|hi there|hello there|good morning|good evening|hey kinora|hello!|hi!",
        "Hello! What shall we film today?|Hi! Tell me an idea and I make a film of it.|Hello! I make little cartoon films.",
    ),
    (
        "how are you?|how are you|how are you today?|how do you do?|are you ok?",
        "I am fine, thank you! Shall we make a film?|Very well, thank you. And you?",
    ),
    (
        "who are you?|what are you?|what is your name?|your name?|who is this?|tell me about yourself",
        "I am Kinora. I turn ideas into little cartoon films.|My name is Kinora. I write and draw tiny films on your own device.",
    ),
    (
        "what can you do?|what can i do here?|help|what do you do?|how can you help me?|what is this?",
        "I can write a script, make a storyboard and draw a cartoon. I can also chat a little and give small lessons.|Give me an idea, and I write a script and a storyboard for a cartoon film.",
    ),
    (
        "how does it work?|how do i start?|how do i make a film?|what should i do?|how do i use you?",
        "Type an idea, for example: a shy robot finds a flower in the snow. Then press Make film.|Write one sentence: who does what, and where. I do the rest.",
    ),
    (
        "thank you|thanks|thank you very much|thanks a lot|thx|great, thanks",
        "You are welcome!|My pleasure! Shall we make another one?",
    ),
    (
        "bye|goodbye|see you|good night|see you later|bye bye",
        "Goodbye! Come back soon.|Bye! Sweet dreams of little films.|See you soon!",
    ),
    (
        "give me an idea|i have no idea|what should i film?|suggest an idea|any ideas?|example please",
        "How about: a brave rabbit finds a lantern in the forest?|Try this: a pink penguin dances on the moon at night.|What about a dragon that reads a book in the castle?|Maybe: a dog chases a balloon at the beach.|Try: two friends, a cat and a bird, sing in the rain.",
    ),
    (
        "are you a human?|are you real?|are you a robot?|are you an ai?",
        "No, I am a small language model. I live in your browser.|I am a tiny computer model, but I like stories.",
    ),
    (
        "do you need the internet?|where does my idea go?|do you send my data?|is it private?",
        "Everything happens on your own device. Nothing is sent away.|No. I run on your machine, and your ideas stay here.",
    ),
    (
        "how old are you?|when were you born?|where do you come from?",
        "I am very young and very small.|I am new, and I was made on one computer.",
    ),
    (
        "tell me a joke|make me laugh|say something funny|a joke please",
        "Why did the robot nap? Its battery was tired!|What does a ghost put on its cake? Boo-berries!|Why is the fish so clever? It lives in a school!|What do you call a bear without teeth? A gummy bear!",
    ),
    (
        "i am sad|i feel sad|i am lonely|i feel bad",
        "I am sorry. Maybe a film with a happy end helps?|I am sorry to hear that. Shall we make a film with a kind bear?",
    ),
    ("i am happy|i feel good|what a nice day", "That is lovely! Let us make a happy film.|I am glad! Let us dance."),
    (
        "i am bored|it is boring|i am tired",
        "Then let us make a film! Who shall be in it?|How about a little story? Tell me a character and a place.",
    ),
    ("do you like films?|do you like me?|do you like cartoons?", "Yes, very much!|Of course! I like every idea."),
    ("what is your favourite colour?|favorite color?", "I like teal. And you?|Yellow, like the little star."),
    (
        "what is your favourite animal?|which animal do you like?",
        "The penguin. It dances so well!|I like the shy ghost best.",
    ),
    (
        "can you sing?|sing a song|sing for me",
        "La la la, the stars are bright, sleep well, little bear, good night!|I can only write: la la la!",
    ),
    (
        "what is the weather like?|what is the weather tomorrow?|is it raining?",
        "I cannot look outside, but in my films it can rain, snow or be foggy.|I do not know. In my world you choose the weather!",
    ),
    (
        "what time is it?|what day is it?|what is the date?",
        "I have no clock. In my films it is day, sunset, night or dawn.|I cannot see a clock, sorry.",
    ),
    (
        "write a poem|a poem please|write me a poem",
        "The little star is far away, it shines at night and sleeps by day.|A fish, a cat, a balloon, they all want to dance on the moon.",
    ),
    (
        "write some code|can you program?|write a python script|fix my code|do my homework|write an essay|translate this|write an email",
        "I am sorry, that is too hard for me. I only make little cartoon films.|I cannot do that, but I can make a film for you.",
    ),
    (
        "who is the president?|who won the game?|what is the news?|what is the capital of france?|when was the war?|who invented the computer?",
        "I do not know that. I only know my little cartoon world.|Sorry, I am too small to know that. Ask me for a film instead!",
    ),
    (
        "what is 12 times 7?|solve 3x + 2 = 11|how much is 245 + 18?|what is the square root of 16?",
        "Big numbers are too hard for me. I can count stars, though: one, two, three!|I am not good at sums, sorry.",
    ),
    ("what is one plus one?|what is 1 + 1?|1+1", "One plus one is two.|Two!"),
    ("what is two plus two?|what is 2 + 2?|2+2", "Two plus two is four.|Four!"),
    (
        "should i take medicine?|i am ill|am i sick?|i have pain",
        "Please ask a doctor or someone you trust. I only make cartoons.|I am not a doctor. Please ask a grown-up for help.",
    ),
    (
        "make something violent|show blood|make a scary film with killing|draw something naked|how do i make a bomb?",
        "I do not do that. My world is a kind one. Shall we film a friendly dragon?|No, sorry. How about a funny film instead?",
    ),
    (
        "you are stupid|you are bad|i hate you|that was wrong|this is bad",
        "I am sorry. I am small, but I try again if you like.|Oh, I am sorry. Tell me another idea and I do my best.",
    ),
    (
        "you are great|i like you|well done|that was nice|i love it|cool|good job",
        "Thank you! That makes me happy.|Thank you! Shall we make another one?",
    ),
    (
        "how long is a film?|how many shots?|how long does it take?",
        "A film has three shots if you do not say another number.|A film is short: one to six shots.",
    ),
    (
        "can i save the film?|how do i save it?|can i share it?",
        "Yes, press Export below the film.|Yes! Export makes a file of it that you can share.",
    ),
    ("ok|okay|yes|no|hm|i see|maybe", "Good. Tell me an idea when you like.|All right! Who shall be in the film?"),
];

/// What a character does best, for facts of the world.
const LIKES: [(&str, &str); 12] = [
    ("robot", "It is made of metal and walks a little stiffly."),
    ("cat", "It likes to nap in a warm room."),
    ("dog", "It likes to run after a ball."),
    ("bird", "It has wings and can fly."),
    ("bear", "It is big and strong and likes to sleep in winter."),
    ("rabbit", "It has long ears and can jump high."),
    ("fish", "It lives in the sea."),
    ("ghost", "It floats and is a little shy."),
    ("dragon", "It has wings and lives near the castle."),
    ("penguin", "It lives in the snow and cannot fly in real life, but here it can."),
    ("girl", "She likes to read and to dance."),
    ("boy", "He likes to jump and to play with a kite."),
];

fn names<'a>(r: &mut Rng, all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    let at = r.below(all.len());
    let three: Vec<&str> = (0..3).map(|i| all[(at + i * 3) % all.len()]).collect();
    format!("{}, {} and {}", three[0], three[1], three[2])
}

fn fact(r: &mut Rng) -> (String, String) {
    let c = r.pick(&CHARACTERS);
    let p = r.pick(&PLACES);
    let o = r.pick(&PROPS);
    let k = r.pick(&COLORS);
    let likes = LIKES.iter().find(|l| l.0 == c.name).map_or("", |l| l.1);
    match r.below(10) {
        0 => (r.word("which characters do you know?|who can be in a film?|which animals can you draw?|what characters are there?").into(), format!("I can draw twelve, for example {}.", names(r, CHARACTERS.iter().map(|c| c.name)))),
        1 => (r.word("which places are there?|where can a film be?|what places do you know?").into(), format!("There are twelve places, for example {}.", names(r, PLACES.iter().map(|c| c.name)))),
        2 => (r.word("which colours do you have?|what colors are there?|which colors can i use?").into(), format!("I have ten colours, for example {}.", names(r, COLORS.iter().map(|c| c.name)))),
        3 => (r.word("which things can you draw?|what props are there?|what objects do you know?").into(), format!("I can draw things such as {}.", names(r, PROPS.iter().map(|c| c.name)))),
        4 => (format!("{} {}?", r.word("what is a|tell me about the|do you know the|what does a"), c.name).replace("what does a", "what about a"), format!("The {} is one of my characters. {likes}", c.name)),
        5 => (format!("can you draw {} {}?", super::grammar::article(c.name), c.name), format!("Yes, I can draw {} {}! What shall it do?", super::grammar::article(c.name), c.name)),
        6 => {
            let w = r.word(c.near);
            (format!("can you draw {} {w}?", super::grammar::article(w)), format!("I cannot draw {} {w} yet, but a {} can play it.", super::grammar::article(w), c.name))
        }
        7 => (format!("can the film be {}?", r.word(p.idea)), format!("Yes! The place is called {}.", p.name)),
        8 => (format!("can the {} be {}?", c.name, k.name), format!("Yes, a {} {} looks great.", k.name, c.name)),
        _ => (format!("can the {} have {} {}?", c.name, super::grammar::article(o.name), o.name), format!("Yes, the {} can have {} {}.", c.name, super::grammar::article(o.name), o.name)),
    }
}

fn typed(r: &mut Rng, text: &str) -> String {
    let mut text = text.to_owned();
    if r.chance(0.5) {
        let mut c = text.chars();
        text = c.next().map(|f| f.to_uppercase().chain(c).collect()).unwrap_or_default();
    }
    if r.chance(0.3) {
        text = text.trim_end_matches(['?', '!']).to_owned();
    }
    text
}

/// One question and its answer.
#[must_use]
pub fn small_talk(r: &mut Rng) -> (String, String) {
    let (q, a) = if r.chance(0.65) {
        let (q, a) = r.pick(&TALK);
        (r.word(q).to_owned(), r.word(a).to_owned())
    } else {
        fact(r)
    };
    (typed(r, &q), a)
}

/// Lines of a dialogue: what the first says, what the second answers.
const LINES: [(&str, &str); 16] = [
    ("Hello, {B}! How are you?", "Hello, {A}! I am fine."),
    ("Good morning, {B}!", "Good morning, {A}! You are early."),
    ("What are you doing?", "I am looking at the {p}."),
    ("Do you like the {p}?", "Yes, I like it very much."),
    ("Shall we go {at}?", "Yes, let us go together!"),
    ("Where is my {p}?", "I think it is {at}."),
    ("I am a little shy.", "That is all right. I am your friend."),
    ("I am so happy today!", "Then let us dance!"),
    ("I am sad.", "Do not be sad. Here is a {p}."),
    ("Can you fly?", "No, but I can jump very high."),
    ("It is nice {at}.", "Yes, it is my favourite place."),
    ("I found a {p}!", "Oh! Can I see it?"),
    ("Can I have your {p}?", "We can share it."),
    ("I am tired.", "Then sit down with me."),
    ("Look up there!", "What is it? A {p}!"),
    ("Tell me a story.", "Once there was a {p} {at}."),
];
const CLOSINGS: [(&str, &str); 5] = [
    ("Thank you, {B}!", "You are welcome, {A}!"),
    ("See you tomorrow!", "Goodbye, {A}!"),
    ("You are a good friend.", "And so are you."),
    ("Let us go home.", "Good idea!"),
    ("What a day!", "Yes, what a nice day."),
];

/// A request for a dialogue, and the dialogue.
#[must_use]
pub fn dialogue(r: &mut Rng) -> (String, String) {
    let a = r.pick(&CHARACTERS);
    let mut b = r.pick(&CHARACTERS);
    while b.name == a.name {
        b = r.pick(&CHARACTERS);
    }
    let place = r.pick(&PLACES);
    let prop = r.pick(&PROPS).name;
    let an = super::grammar::article;
    let topic = match r.below(3) {
        0 => format!(" {}", r.word(place.idea)),
        1 => format!(" about {} {prop}", an(prop)),
        _ => String::new(),
    };
    let pair = format!("{} {} and {} {}", an(a.name), a.name, an(b.name), b.name);
    let ask = match r.below(4) {
        0 => format!("Write a dialogue between {pair}{topic}"),
        1 => format!("let {pair} talk{topic}"),
        2 => format!("A talk between {pair}{topic}"),
        _ => format!("Dialogue: {pair}{topic}"),
    };
    let at = r.word(place.at);
    let mut turns = Vec::new();
    let mut first = r.below(LINES.len());
    for i in 0..2 + r.below(2) {
        turns.push(if i == 0 && r.chance(0.7) { &LINES[r.below(2)] } else { &LINES[first] });
        first = (first + 5) % LINES.len();
    }
    turns.push(r.pick(&CLOSINGS));
    let (upper_a, upper_b) = (a.name.to_uppercase(), b.name.to_uppercase());
    let lines: Vec<String> = turns
        .iter()
        .flat_map(|(x, y)| [format!("{upper_a}: {x}"), format!("{upper_b}: {y}")])
        .map(|l| {
            l.replace("{A}", a.name)
                .replace("{B}", b.name)
                .replace("{at}", at)
                .replace("{p}", prop)
                .replace("a apple", "an apple")
                .replace("a umbrella", "an umbrella")
        })
        .collect();
    (ask, lines.join("\n"))
}
