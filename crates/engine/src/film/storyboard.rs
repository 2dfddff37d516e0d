//! From the text model's JSON to shots that the video model can draw.

use kinora_models::video::layout::{CharacterIds, ShotIds, Vocabulary, VocabularyError};
use serde_json::{Value, json};

use super::{Grounded, Shot, Storyboard};

/// Characters that fit one shot.
const MAX_CHARACTERS: usize = 2;
/// The longest caption, in characters.
const MAX_CAPTION: usize = 160;

/// The JSON schema of a storyboard of `shots` shots in the words of `vocabulary`; where the idea named characters,
/// places or props, only those may appear.
pub fn schema(vocabulary: &Vocabulary, grounded: &Grounded, shots: usize) -> Value {
    let choice = |named: &[String], all: &[String]| json!({ "enum": if named.is_empty() { all } else { named } });
    let kinds: Vec<String> = grounded.characters.iter().map(|(kind, _)| kind.clone()).collect();
    let mut props = grounded.props.clone();
    if !props.is_empty() && grounded.props.len() < shots {
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
    let most = if kinds.len() == 1 { 1 } else { MAX_CHARACTERS };
    let shot = object(vec![
        ("place", choice(&grounded.places, &vocabulary.place)),
        ("time", choice(&grounded.times, &vocabulary.time)),
        ("weather", choice(&grounded.weathers, &vocabulary.weather)),
        ("characters", json!({ "type": "array", "minItems": 1, "maxItems": most, "items": character })),
        ("prop", choice(&props, &vocabulary.prop)),
        ("camera", choice(&[], &vocabulary.camera)),
        ("caption", json!({ "type": "string", "minLength": 4, "maxLength": MAX_CAPTION })),
    ]);
    object(vec![
        ("title", json!({ "type": "string", "minLength": 1, "maxLength": 60 })),
        ("shots", json!({ "type": "array", "minItems": shots, "maxItems": shots, "items": shot })),
    ])
}

/// Keeps characters the same through the film: a kind has one colour everywhere (the idea's where it named one, else
/// that of its first shot) and stands once in a shot.
pub fn make_consistent(board: &mut Storyboard, grounded: &Grounded) {
    let mut colors: Vec<(String, String)> =
        grounded.characters.iter().filter_map(|(kind, color)| Some((kind.clone(), color.clone()?))).collect();
    for shot in &mut board.shots {
        let mut seen: Vec<String> = Vec::new();
        shot.characters.retain(|c| {
            let first = !seen.contains(&c.kind);
            seen.push(c.kind.clone());
            first
        });
        shot.characters.truncate(MAX_CHARACTERS);
        for character in &mut shot.characters {
            match colors.iter().find(|(kind, _)| *kind == character.kind) {
                Some((_, color)) => character.color.clone_from(color),
                None => colors.push((character.kind.clone(), character.color.clone())),
            }
        }
    }
}

/// What the idea named and a finished storyboard forgot comes back: a character joins the last shot that has room, and where
/// nobody does anything that the idea named, the first character of the first shot does the first of it.
pub fn keep_promises(board: &mut Storyboard, grounded: &Grounded) {
    for (kind, color) in &grounded.characters {
        if board.shots.iter().any(|s| s.characters.iter().any(|c| c.kind == *kind)) {
            continue;
        }
        let Some(shot) = board.shots.iter_mut().rev().find(|s| s.characters.len() < MAX_CHARACTERS) else { continue };
        let Some(mut joining) = shot.characters.first().cloned() else { continue };
        joining.kind.clone_from(kind);
        if let Some(color) = color {
            joining.color.clone_from(color);
        }
        shot.characters.push(joining);
    }
    let named = |action: &String| grounded.actions.contains(action);
    if board.shots.iter().any(|s| s.characters.iter().any(|c| named(&c.action))) {
        return;
    }
    let hero = board.shots.first_mut().and_then(|s| s.characters.first_mut());
    if let (Some(hero), Some(action)) = (hero, grounded.actions.first()) {
        hero.action.clone_from(action);
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
    use super::super::{Character, cartoon_vocabulary, ground};
    use super::*;

    fn shot(kind: &str, color: &str) -> Shot {
        let character =
            Character { kind: kind.into(), color: color.into(), action: "walk".into(), mood: "happy".into() };
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
        keep_promises(&mut board, &grounded);
        make_consistent(&mut board, &grounded);
        assert!(board.shots.iter().all(|s| s.characters[0].color == "blue"));
        assert_eq!(board.shots[2].characters[1].kind, "cat");
        let mut free = Storyboard { title: "T".into(), shots: vec![shot("dog", "red"), shot("dog", "green")] };
        make_consistent(&mut free, &Grounded::default());
        assert_eq!(free.shots[1].characters[0].color, "red");
    }

    #[test]
    fn an_action_that_the_idea_named_is_seen() {
        let v = cartoon_vocabulary();
        let mut board = Storyboard { title: "T".into(), shots: vec![shot("cat", "red"), shot("cat", "red")] };
        keep_promises(&mut board, &ground("a cat jumps", &v));
        assert_eq!([0, 1].map(|i| board.shots[i].characters[0].action.as_str()), ["jump", "walk"]);
        keep_promises(&mut board, &ground("a cat walks", &v));
        assert_eq!(board.shots[0].characters[0].action, "jump");
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
