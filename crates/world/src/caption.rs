//! Captions: what a shot shows, said in many ways. The same seed says the same.

use crate::chance::Chance;
use crate::spec::{Action, Camera, CharacterSpec, Color, Kind, Mood, Place, Prop, ShotSpec, Time, Weather};

fn choose(list: &'static str, chance: &mut Chance) -> &'static str {
    let n = list.split('|').count();
    list.split('|').nth(chance.below(n)).unwrap_or_default()
}

fn place(p: Place) -> &'static str {
    match p {
        Place::Meadow => "in a meadow|on a green meadow|in the grass among flowers|in a sunny field of flowers",
        Place::Forest => "in the forest|among the trees|in the woods|between tall firs",
        Place::City => "in the city|on a city street|in town|between tall houses",
        Place::Beach => "on the beach|at the beach|by the water|on the sand by the sea",
        Place::Snow => "in the snow|in the snowy mountains|on a snowy hill|in a white winter land",
        Place::Moon => "on the moon|far away on the moon|between craters on the moon|in space, on the moon",
        Place::Room => "in a cosy room|at home|in the living room|indoors, in a room",
        Place::Sea => "under the sea|at the bottom of the sea|deep in the sea|in the sea among corals",
        Place::Desert => "in the desert|in the hot desert|among cactuses|on the desert sand",
        Place::Farm => "on the farm|by the red barn|at a farm|in the farmyard",
        Place::Castle => "at the castle|before the castle gate|by an old castle|near a castle with flags",
        Place::Classroom => "in the classroom|at school|by the blackboard|in a classroom",
    }
}

fn action(a: Action) -> (&'static str, &'static str) {
    match a {
        Action::Stand => ("stands|waits|stands still", "standing|waiting"),
        Action::Walk => ("walks|strolls|goes for a walk|wanders", "walking|strolling"),
        Action::Run => ("runs|dashes|races|runs fast", "running|racing"),
        Action::Jump => ("jumps|leaps|hops|jumps up and down", "jumping|leaping"),
        Action::Wave => ("waves|waves hello|greets with a wave", "waving|waving hello"),
        Action::Dance => ("dances|dances about|does a little dance", "dancing|dancing happily"),
        Action::Spin => ("spins|twirls|spins round and round", "spinning|twirling"),
        Action::Fly => ("flies|floats through the air|soars", "flying|soaring"),
        Action::Sit => ("sits|sits down|sits on the ground", "sitting|sitting down"),
        Action::Sleep => ("sleeps|takes a nap|is fast asleep|dozes", "sleeping|taking a nap"),
        Action::Talk => ("talks|speaks|chats|tells a story", "talking|chatting"),
        Action::Look => ("looks around|searches|peers about|looks for something", "looking around|searching"),
    }
}

fn mood(m: Mood) -> &'static str {
    match m {
        Mood::Neutral => "|",
        Mood::Happy => "happy |cheerful |merry |",
        Mood::Sad => "sad |unhappy |gloomy |",
        Mood::Surprised => "surprised |astonished |amazed |",
        Mood::Angry => "angry |cross |grumpy |",
        Mood::Shy => "shy |bashful |timid |",
    }
}

fn kind(k: Kind) -> &'static str {
    match k {
        Kind::Cat => "cat|cat|kitten|kitty",
        Kind::Dog => "dog|dog|puppy",
        Kind::Rabbit => "rabbit|rabbit|bunny",
        Kind::Girl => "girl|girl|little girl",
        Kind::Boy => "boy|boy|little boy",
        other => other.name(),
    }
}

fn prop(p: Prop) -> &'static str {
    match p {
        Prop::None => "",
        Prop::Apple => "an apple|a red apple",
        Prop::Umbrella => "an umbrella|a striped umbrella",
        Prop::Ball => "a ball|a striped ball",
        Prop::Flower => "a flower|a pink flower",
        Prop::Gift => "a gift|a present",
        Prop::Balloon => "a balloon|a red balloon",
        Prop::Mushroom => "a mushroom|a spotted mushroom",
        Prop::Star => "a star|a golden star",
        Prop::Book => "a book|an open book",
        Prop::Lantern => "a lantern|a glowing lantern",
        Prop::Cake => "a cake|a birthday cake",
        Prop::Kite => "a kite|a colourful kite",
    }
}

fn name(c: &CharacterSpec, chance: &mut Chance) -> String {
    let (feeling, kind) = (choose(mood(c.mood), chance), choose(kind(c.kind), chance));
    let color = if c.color == Color::Gray && chance.happens(0.5) { "grey" } else { c.color.name() };
    match c.kind {
        Kind::Girl => format!("{feeling}{kind} in a {color} dress"),
        Kind::Boy => format!("{feeling}{kind} in a {color} shirt"),
        _ => format!("{feeling}{color} {kind}"),
    }
}

fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

/// A sentence or two about `shot`. Every character's kind, colour and action are named, and the place; the time of day, the
/// weather, the prop and the camera in most captions.
#[must_use]
pub fn caption(shot: &ShotSpec, seed: u64) -> String {
    let chance = &mut Chance::new(seed, 2);
    let place = choose(place(shot.place), chance);
    let time = match shot.time {
        Time::Day => choose("by day|in the daytime||", chance),
        Time::Sunset => choose("at sunset|in the evening|as the sun sets", chance),
        Time::Night => choose("at night|by night|under the night sky", chance),
        Time::Dawn => choose("at dawn|early in the morning|at sunrise", chance),
    };
    let weather = match shot.weather {
        Weather::Clear => "",
        Weather::Rain => choose("It rains.|Rain falls.|in the rain", chance),
        Weather::Snow => choose("It snows.|Snow falls.|while it snows", chance),
        Weather::Fog => choose("It is foggy.|Fog drifts by.|in the fog", chance),
    };
    let mut words: Vec<String> = Vec::new();
    let mut after: Vec<String> = Vec::new();
    match shot.characters.as_slice() {
        [] => words.push("nobody is here,".to_owned()),
        [one] => {
            let who = name(one, chance);
            if chance.happens(0.25) {
                words.extend([a(&who), choose(action(one.action).1, chance).to_owned()]);
            } else {
                let article = if chance.happens(0.75) { a(&who) } else { format!("the {who}") };
                words.extend([article, choose(action(one.action).0, chance).to_owned()]);
            }
        }
        [one, two, ..] => {
            let (p, q) = (a(&name(one, chance)), a(&name(two, chance)));
            let joint = choose("and|while", chance);
            words.extend([p, choose(action(one.action).0, chance).to_owned(), joint.to_owned(), q]);
            words.push(choose(action(two.action).0, chance).to_owned());
        }
    }
    words.push(place.to_owned());
    words.push(time.to_owned());
    if weather.ends_with('.') {
        after.push(weather.to_owned());
    } else {
        words.push(weather.to_owned());
    }
    if shot.prop != Prop::None {
        let thing = choose(prop(shot.prop), chance);
        if chance.happens(0.6) {
            words.push(format!("{} {thing}", choose("with|next to|beside|near", chance)));
        } else {
            after.push(format!("{} {thing} there.", choose("There is|You can see", chance)));
        }
    }
    let camera = match shot.camera {
        Camera::Static => "",
        Camera::PanLeft => "The camera pans left.",
        Camera::PanRight => "The camera pans right.",
        Camera::ZoomIn => "The camera zooms in.",
        Camera::ZoomOut => "The camera zooms out.",
        Camera::Shake => "The camera shakes.",
    };
    if !camera.is_empty() && chance.happens(0.7) {
        after.push(camera.to_owned());
    }
    let first = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    let mut text = capital(&first) + ".";
    for more in after {
        text.push(' ');
        text.push_str(&more);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn captions_vary_with_the_seed_and_name_what_is_seen() {
        let shot = ShotSpec::sample(5);
        assert_eq!(caption(&shot, 1), caption(&shot, 1));
        let said: HashSet<_> = (0..60).map(|s| caption(&shot, s)).collect();
        assert!(said.len() > 30, "{} ways", said.len());
        for seed in 0..300 {
            let shot = ShotSpec::sample(seed);
            let text = caption(&shot, seed);
            assert!(text.ends_with('.') && !text.contains("  ") && !text.contains('|'), "{text}");
            assert!(text.chars().next().is_some_and(char::is_uppercase), "{text}");
            for c in &shot.characters {
                let grey = c.color == Color::Gray && text.contains("grey");
                assert!(grey || text.contains(c.color.name()), "{text}");
                assert!(kind(c.kind).split('|').any(|k| text.contains(k)), "{text}");
            }
        }
    }
}
