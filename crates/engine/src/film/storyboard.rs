//! From the text model's JSON to shots that the video model can draw.

use kinora_models::video::layout::{CharacterIds, ShotIds, Vocabulary, VocabularyError};
use serde_json::{Value, json};

use super::wording::{caption, is_article, mend_caption};
use super::{Character, Grounded, Shot, Storyboard};

/// Characters that fit one shot.
const MAX_CHARACTERS: usize = 2;
/// The longest caption, in characters.
const MAX_CAPTION: usize = 160;

/// The JSON schema of a storyboard of `shots` shots in the words of `vocabulary`; where the idea named characters,
/// places or props, only those may appear.
pub fn schema(vocabulary: &Vocabulary, grounded: &Grounded, shots: usize) -> Value {
    let choice = |named: &[String], all: &[String]| json!({ "enum": if named.is_empty() { all } else { named } });
    let named = grounded.characters.len();
    let mut kinds: Vec<String> = grounded.characters.iter().map(|(kind, _)| kind.clone()).collect();
    kinds.dedup();
    let mut props = grounded.props.clone();
    if !props.is_empty() && grounded.props.len() < shots && !grounded.stars_prop {
        props.push("none".to_string());
    }
    let object = |fields: Vec<(&str, Value)>| {
        let keys: Vec<&str> = fields.iter().map(|(k, _)| *k).collect();
        json!({ "type": "object", "required": keys, "additionalProperties": false,
                "properties": fields.iter().map(|(k, v)| (k.to_string(), v.clone())).collect::<serde_json::Map<_, _>>() })
    };
    let character = object(vec![
        ("kind", choice(&kinds, &vocabulary.character)),
        ("color", choice(&[], &vocabulary.color)),
        ("action", choice(&[], &vocabulary.action)),
        ("mood", choice(&[], &vocabulary.mood)),
    ]);
    let (least, most) = if named == 0 { (1, MAX_CHARACTERS) } else { (named, named) };
    let shot = object(vec![
        ("place", choice(&grounded.places, &vocabulary.place)),
        ("time", choice(&grounded.times, &vocabulary.time)),
        ("weather", choice(&grounded.weathers, &vocabulary.weather)),
        ("characters", json!({ "type": "array", "minItems": least, "maxItems": most, "items": character })),
        ("prop", choice(&props, &vocabulary.prop)),
        ("camera", choice(&[], &vocabulary.camera)),
        ("caption", json!({ "type": "string", "minLength": 4, "maxLength": MAX_CAPTION })),
    ]);
    object(vec![
        ("title", json!({ "type": "string", "minLength": 1, "maxLength": 60 })),
        ("shots", json!({ "type": "array", "minItems": shots, "maxItems": shots, "items": shot })),
    ])
}

/// Keeps characters the same through the film, and captions true to them. Whom the idea named is in every shot, in the idea's
/// order; where it named nobody, a kind stands once in a shot. A character has one colour everywhere: the idea's where it named
/// one, else that of its first shot.
pub fn make_consistent(board: &mut Storyboard, grounded: &Grounded, vocabulary: &Vocabulary) {
    let named: Vec<Option<String>> = grounded.characters.iter().map(|(_, color)| color.clone()).collect();
    let mut colors: Vec<(String, usize, String)> = Vec::new();
    for shot in &mut board.shots {
        let written = std::mem::take(&mut shot.characters);
        shot.characters = if named.is_empty() { once_each(written) } else { cast(written, grounded, vocabulary) };
        for (at, character) in shot.characters.iter_mut().enumerate() {
            // the text model gives the colour of one to the other
            let others = named.iter().enumerate().filter(|(other, _)| *other != at);
            if let Some(taken) = others.filter_map(|(_, color)| color.as_ref()).find(|taken| **taken == character.color)
            {
                character.color = usual_color(&character.kind, taken, vocabulary);
            }
            character.size = grounded.sizes.get(at).copied().flatten();
            // whom the idea named is known by the place in its order
            let slot = if named.is_empty() { 0 } else { at };
            let given = named.get(at).cloned().flatten();
            let first = colors.iter().find(|(kind, other, _)| *kind == character.kind && *other == slot);
            match given.or_else(|| first.map(|(_, _, color)| color.clone())) {
                Some(color) => character.color = color,
                None => colors.push((character.kind.clone(), slot, character.color.clone())),
            }
        }
        shot.caption = mend_caption(shot, grounded, vocabulary);
        // a caption that names a thing shows it
        let mut told = vocabulary.prop.iter().filter(|prop| tells_of(&shot.caption, prop));
        if let (Some(only), None) = (told.next(), told.next())
            && (grounded.props.is_empty() || grounded.props.contains(only))
        {
            shot.prop.clone_from(only);
        }
        if shot.prop == "kite" && flies_a_kite(grounded) {
            shot.characters.iter_mut().filter(|c| c.action == "fly").for_each(|c| c.action = "run".to_string());
        }
    }
}

/// Who flies a kite runs, unless the idea lets somebody fly.
pub(super) fn flies_a_kite(grounded: &Grounded) -> bool {
    grounded.props.iter().any(|prop| prop == "kite") && !grounded.actions.iter().any(|action| action == "fly")
}

fn tells_of(caption: &str, prop: &str) -> bool {
    let mut words = caption.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).peekable();
    while let Some(word) = words.next() {
        if is_article(word) && words.peek() == Some(&prop) {
            return true;
        }
    }
    false
}

fn once_each(written: Vec<Character>) -> Vec<Character> {
    let mut out: Vec<Character> = Vec::new();
    for character in written {
        if out.len() < MAX_CHARACTERS && out.iter().all(|c| c.kind != character.kind) {
            out.push(character);
        }
    }
    out
}

/// Colours that kinds have where nobody says one.
const USUAL: [(&str, &str); 12] = [
    ("robot", "gray"),
    ("cat", "orange"),
    ("dog", "brown"),
    ("bird", "blue"),
    ("bear", "brown"),
    ("rabbit", "pink"),
    ("fish", "orange"),
    ("ghost", "blue"),
    ("dragon", "green"),
    ("penguin", "gray"),
    ("girl", "purple"),
    ("boy", "red"),
];

/// The colour of one whose own is not known, beside one of the colour `taken`.
fn usual_color(kind: &str, taken: &str, vocabulary: &Vocabulary) -> String {
    let usual = USUAL.iter().filter(|(known, _)| *known == kind).map(|(_, color)| *color);
    let mut colors = usual.chain(vocabulary.color.iter().map(String::as_str));
    colors.find(|color| *color != taken && vocabulary.color.iter().any(|c| c == color)).unwrap_or(taken).to_string()
}

/// The idea's characters as the shot has them; one who is missing does what the first one does.
fn cast(mut written: Vec<Character>, grounded: &Grounded, vocabulary: &Vocabulary) -> Vec<Character> {
    let hero = written.first().cloned();
    let find = |(kind, _): &(String, Option<String>)| {
        let found = written.iter().position(|c| c.kind == *kind).map(|at| written.remove(at));
        found.or_else(|| {
            let hero = hero.clone()?;
            let color =
                if *kind == hero.kind { hero.color.clone() } else { usual_color(kind, &hero.color, vocabulary) };
            Some(Character { kind: kind.clone(), color, ..hero })
        })
    };
    grounded.characters.iter().filter_map(find).take(MAX_CHARACTERS).collect()
}

/// What the idea named and a finished storyboard forgot comes back: an action in a shot that shows none of the idea's, after
/// those that the idea names before; a prop in a shot without one; a mood in the first shot; the places and times of a journey.
pub fn keep_promises(board: &mut Storyboard, grounded: &Grounded) {
    let of = board.shots.len();
    for (at, shot) in board.shots.iter_mut().enumerate() {
        let (place, time) = grounded.stop(at, of);
        place.into_iter().for_each(|place| shot.place.clone_from(place));
        time.into_iter().for_each(|time| shot.time.clone_from(time));
    }
    for prop in &grounded.props {
        if board.shots.iter().any(|shot| shot.prop == *prop) {
            continue;
        }
        let free = |shot: &Shot| !grounded.props.contains(&shot.prop);
        let later = board.shots.iter().skip(1).position(free).map(|at| at + 1);
        let chosen = later.or_else(|| board.shots.iter().position(free));
        if let Some(shot) = chosen.and_then(|at| board.shots.get_mut(at)) {
            shot.prop.clone_from(prop);
        }
    }
    let feels = |shot: &Shot| shot.characters.iter().any(|c| grounded.moods.contains(&c.mood));
    if let (Some(mood), false) = (grounded.moods.first(), board.shots.iter().any(feels))
        && let Some(hero) = board.shots.first_mut().and_then(|shot| shot.characters.first_mut())
    {
        hero.mood.clone_from(mood);
    }
    let shows = |shot: &Shot, actions: &[String]| shot.characters.iter().any(|c| actions.contains(&c.action));
    for (at, action) in grounded.actions.iter().enumerate() {
        if board.shots.iter().any(|shot| shows(shot, std::slice::from_ref(action))) {
            continue;
        }
        let before = grounded.actions.get(..at).unwrap_or_default();
        let opening = usize::from(board.shots.len() > grounded.actions.len().max(2));
        let from = board.shots.iter().rposition(|shot| shows(shot, before)).map_or(opening, |last| last + 1);
        let free: Vec<usize> = (0..board.shots.len()).filter(|i| !shows(&board.shots[*i], &grounded.actions)).collect();
        let chosen = free.iter().find(|i| **i >= from).or(free.last());
        let Some((i, shot)) = chosen.and_then(|i| Some((*i, board.shots.get_mut(*i)?))) else { return };
        for character in &mut shot.characters {
            character.action.clone_from(action);
        }
        shot.caption = caption(shot, i == 0);
    }
}

/// A shot as indices into the video model's vocabulary.
///
/// # Errors
/// Names the list and the word that the model does not know.
pub fn shot_ids(shot: &Shot, style: &str, vocabulary: &Vocabulary) -> Result<ShotIds, VocabularyError> {
    let mut characters: [Option<CharacterIds>; MAX_CHARACTERS] = [None; MAX_CHARACTERS];
    for (slot, c) in characters.iter_mut().zip(&shot.characters) {
        *slot = Some(vocabulary.character(&c.kind, &c.color, &c.action, &c.mood)?);
    }
    Ok(ShotIds {
        place: vocabulary.place(&shot.place)?,
        time: vocabulary.time(&shot.time)?,
        weather: vocabulary.weather(&shot.weather)?,
        characters,
        prop: vocabulary.prop(&shot.prop)?,
        camera: vocabulary.camera(&shot.camera)?,
        style: vocabulary.style(style)?,
    })
}

/// The shots that are complete in the beginning of a storyboard's JSON, so that cards fill while it is written.
pub fn complete_shots(partial: &str) -> Vec<Shot> {
    let Some(list) = partial.find("\"shots\"").and_then(|at| Some(at + partial.get(at..)?.find('[')? + 1)) else {
        return Vec::new();
    };
    let mut shots = Vec::new();
    let mut rest = partial.get(list..).unwrap_or("");
    loop {
        rest = rest.trim_start_matches([' ', ',', '\n']);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Shot>();
        match values.next() {
            Some(Ok(shot)) => shots.push(shot),
            _ => return shots,
        }
        rest = rest.get(values.byte_offset()..).unwrap_or("");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Character, Size, cartoon_vocabulary, ground};
    use super::*;

    fn shot(kind: &str, color: &str) -> Shot {
        let (action, mood) = ("walk".into(), "happy".into());
        let character = Character { kind: kind.into(), color: color.into(), action, mood, size: None };
        Shot {
            place: "snow".into(),
            time: "day".into(),
            weather: "clear".into(),
            characters: vec![character],
            prop: "none".into(),
            camera: "static".into(),
            caption: "Off it goes.".into(),
        }
    }

    #[test]
    fn the_schema_holds_what_the_idea_named_and_nothing_else() {
        let v = cartoon_vocabulary();
        let schema = schema(&v, &ground("a cat finds a star on the moon", &v), 3);
        let shots = &schema["properties"]["shots"];
        assert_eq!((&shots["minItems"], &shots["maxItems"]), (&json!(3), &json!(3)));
        let fields = &shots["items"]["properties"];
        assert_eq!(fields["place"]["enum"], json!(["moon"]));
        assert_eq!(fields["prop"]["enum"], json!(["star", "none"]));
        assert_eq!(fields["characters"]["items"]["properties"]["kind"]["enum"], json!(["cat"]));
        assert_eq!(fields["characters"]["maxItems"], json!(1));
        assert_eq!(fields["camera"]["enum"].as_array().map(Vec::len), Some(v.camera.len()));
    }

    #[test]
    fn a_character_keeps_its_colour_and_nobody_the_idea_named_is_forgotten() {
        let v = cartoon_vocabulary();
        let grounded = ground("a blue robot meets a cat", &v);
        let mut board = Storyboard {
            title: "T".into(),
            shots: vec![shot("robot", "red"), shot("robot", "green"), shot("robot", "red")],
        };
        make_consistent(&mut board, &grounded, &v);
        keep_promises(&mut board, &grounded);
        assert!(board.shots.iter().all(|s| s.characters[0].color == "blue"));
        assert!(board.shots.iter().all(|s| s.characters[1].kind == "cat"));
        // one whom the storyboard forgot has a colour of its own
        assert!(board.shots.iter().all(|s| s.characters[1].color == "orange"));
        let grounded = ground("a dragon and an orange cat", &v);
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("dragon", "orange")] };
        make_consistent(&mut board, &grounded, &v);
        let colors: Vec<&str> = board.shots[0].characters.iter().map(|c| c.color.as_str()).collect();
        assert_eq!(colors, ["green", "orange"]);
        let mut free = Storyboard { title: "T".into(), shots: vec![shot("dog", "red"), shot("dog", "green")] };
        make_consistent(&mut free, &Grounded::default(), &v);
        assert_eq!(free.shots[1].characters[0].color, "red");
    }

    #[test]
    fn who_flies_a_kite_runs() {
        let v = cartoon_vocabulary();
        let mut flying = shot("boy", "red");
        flying.characters[0].action = "fly".into();
        flying.caption = "A red boy flies a kite.".into();
        let mut board = Storyboard { title: "T".into(), shots: vec![flying] };
        make_consistent(&mut board, &ground("a red boy flies a kite", &v), &v);
        assert_eq!(board.shots[0].characters[0].action, "run");
    }

    #[test]
    fn an_action_that_the_idea_named_is_seen() {
        let v = cartoon_vocabulary();
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("cat", "red"), shot("cat", "red")] };
        keep_promises(&mut board, &ground("a cat jumps", &v));
        assert_eq!([0, 1].map(|i| board.shots[i].characters[0].action.as_str()), ["jump", "walk"]);
        keep_promises(&mut board, &ground("a cat walks", &v));
        assert_eq!(board.shots[0].characters[0].action, "jump");
        keep_promises(&mut board, &ground("why is the cat so sad?", &v));
        assert_eq!([0, 1].map(|i| board.shots[i].characters[0].mood.as_str()), ["sad", "happy"]);
    }

    #[test]
    fn two_of_a_kind_stand_in_every_shot_with_a_colour_each() {
        let v = cartoon_vocabulary();
        let grounded = ground("a red cat and a blue cat", &v);
        let fields = &schema(&v, &grounded, 2)["properties"]["shots"]["items"]["properties"]["characters"];
        assert_eq!((&fields["minItems"], &fields["maxItems"]), (&json!(2), &json!(2)));
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("cat", "green"), shot("cat", "pink")] };
        make_consistent(&mut board, &grounded, &v);
        for shot in &board.shots {
            let colors: Vec<&str> = shot.characters.iter().map(|c| c.color.as_str()).collect();
            assert_eq!(colors, ["red", "blue"]);
        }
    }

    #[test]
    fn sizes_are_those_of_the_idea_in_every_shot() {
        let v = cartoon_vocabulary();
        let grounded = ground("a huge dragon and a tiny mouse", &v);
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("rabbit", "red"), shot("dragon", "red")] };
        make_consistent(&mut board, &grounded, &v);
        for shot in &board.shots {
            let sizes: Vec<_> = shot.characters.iter().map(|c| (c.kind.as_str(), c.size)).collect();
            assert_eq!(sizes, [("dragon", Some(Size::Huge)), ("rabbit", Some(Size::Tiny))]);
        }
    }

    #[test]
    fn things_and_places_that_the_idea_named_are_seen() {
        let v = cartoon_vocabulary();
        let grounded = ground("a cat with a kite walks from the farm to the beach", &v);
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("cat", "red"), shot("cat", "red")] };
        keep_promises(&mut board, &grounded);
        assert_eq!([0, 1].map(|i| board.shots[i].place.as_str()), ["farm", "beach"]);
        assert_eq!([0, 1].map(|i| board.shots[i].prop.as_str()), ["none", "kite"]);
        board.shots[0].caption = "The cat finds the kite.".into();
        make_consistent(&mut board, &grounded, &v);
        assert_eq!(board.shots[0].prop, "kite");
    }

    #[test]
    fn shots_appear_as_soon_as_they_are_written() {
        let board =
            Storyboard { title: "A [tricky] \"title\"".into(), shots: vec![shot("cat", "red"), shot("dog", "red")] };
        let text = serde_json::to_string(&board).unwrap();
        assert_eq!(complete_shots(&text), board.shots);
        assert_eq!(complete_shots(&text[..text.len() - 10]).len(), 1);
        assert_eq!(complete_shots(&text[..30]).len(), 0);
        for end in 0..text.len() {
            if text.is_char_boundary(end) {
                complete_shots(&text[..end]);
            }
        }
    }

    #[test]
    fn a_word_outside_the_vocabulary_is_named() {
        let v = cartoon_vocabulary();
        let mut s = shot("cat", "red");
        assert!(shot_ids(&s, "flat", &v).is_ok());
        s.place = "atlantis".into();
        assert!(shot_ids(&s, "flat", &v).unwrap_err().to_string().contains("atlantis"));
    }
}
