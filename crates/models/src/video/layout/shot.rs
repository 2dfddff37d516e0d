use serde::Deserialize;

/// The words that a video model knows, from the metadata of its file: a word's index is its row in the model's embedding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Vocabulary {
    pub place: Vec<String>,
    pub time: Vec<String>,
    pub weather: Vec<String>,
    pub character: Vec<String>,
    pub color: Vec<String>,
    pub action: Vec<String>,
    pub prop: Vec<String>,
    pub camera: Vec<String>,
    pub style: Vec<String>,
    pub mood: Vec<String>,
}

/// Why words and indices do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    #[error("the model's vocabulary cannot be read: {0}")]
    Json(String),
    #[error("the model knows no {list} \"{word}\"")]
    Unknown { list: &'static str, word: String },
    #[error("{list} has index {index}, the model knows {len}")]
    OutOfRange { list: &'static str, index: u32, len: usize },
}

/// One character of a shot, as indices into the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CharacterIds {
    pub kind: u32,
    pub color: u32,
    pub action: u32,
    pub mood: u32,
}

/// One shot, as indices into the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShotIds {
    pub place: u32,
    pub time: u32,
    pub weather: u32,
    pub characters: [Option<CharacterIds>; super::CHARACTERS],
    pub prop: u32,
    pub camera: u32,
    pub style: u32,
}

fn find(list: &'static str, words: &[String], word: &str) -> Result<u32, VocabularyError> {
    let unknown = || VocabularyError::Unknown { list, word: word.to_owned() };
    words.iter().position(|w| w == word).and_then(|i| u32::try_from(i).ok()).ok_or_else(unknown)
}

impl Vocabulary {
    /// The vocabulary from its JSON: an object with a list of words for each field.
    pub fn from_json(json: &str) -> Result<Vocabulary, VocabularyError> {
        serde_json::from_str(json).map_err(|e| VocabularyError::Json(e.to_string()))
    }

    /// A character's indices from its words.
    pub fn character(
        &self,
        kind: &str,
        color: &str,
        action: &str,
        mood: &str,
    ) -> Result<CharacterIds, VocabularyError> {
        Ok(CharacterIds {
            kind: find("character", &self.character, kind)?,
            color: find("color", &self.color, color)?,
            action: find("action", &self.action, action)?,
            mood: find("mood", &self.mood, mood)?,
        })
    }

    pub fn place(&self, word: &str) -> Result<u32, VocabularyError> {
        find("place", &self.place, word)
    }
    pub fn time(&self, word: &str) -> Result<u32, VocabularyError> {
        find("time", &self.time, word)
    }
    pub fn weather(&self, word: &str) -> Result<u32, VocabularyError> {
        find("weather", &self.weather, word)
    }
    pub fn action(&self, word: &str) -> Result<u32, VocabularyError> {
        find("action", &self.action, word)
    }
    pub fn prop(&self, word: &str) -> Result<u32, VocabularyError> {
        find("prop", &self.prop, word)
    }
    pub fn camera(&self, word: &str) -> Result<u32, VocabularyError> {
        find("camera", &self.camera, word)
    }
    pub fn style(&self, word: &str) -> Result<u32, VocabularyError> {
        find("style", &self.style, word)
    }

    /// Refuses a shot with an index that the vocabulary does not have.
    pub fn check(&self, shot: &ShotIds) -> Result<(), VocabularyError> {
        let within = |list: &'static str, words: &[String], index: u32| {
            let fits = usize::try_from(index).is_ok_and(|i| i < words.len());
            fits.then_some(()).ok_or(VocabularyError::OutOfRange { list, index, len: words.len() })
        };
        within("place", &self.place, shot.place)?;
        within("time", &self.time, shot.time)?;
        within("weather", &self.weather, shot.weather)?;
        within("prop", &self.prop, shot.prop)?;
        within("camera", &self.camera, shot.camera)?;
        within("style", &self.style, shot.style)?;
        for character in shot.characters.iter().flatten() {
            within("character", &self.character, character.kind)?;
            within("color", &self.color, character.color)?;
            within("action", &self.action, character.action)?;
            within("mood", &self.mood, character.mood)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"place":["meadow","snow"],"time":["day"],"weather":["clear"],"character":["robot","cat"],
        "color":["red"],"action":["walk"],"prop":["none"],"camera":["static"],"style":["flat"],"mood":["neutral"]}"#;

    #[test]
    fn words_become_indices_and_unknown_words_are_named() {
        let v = Vocabulary::from_json(JSON).unwrap();
        assert_eq!(v.place("snow"), Ok(1));
        assert_eq!(v.place("mars"), Err(VocabularyError::Unknown { list: "place", word: "mars".into() }));
        let cat = v.character("cat", "red", "walk", "neutral").unwrap();
        assert_eq!(cat.kind, 1);
        let mut shot =
            ShotIds { place: 1, time: 0, weather: 0, characters: [Some(cat), None], prop: 0, camera: 0, style: 0 };
        assert_eq!(v.check(&shot), Ok(()));
        shot.characters[0].as_mut().unwrap().kind = 2;
        assert_eq!(v.check(&shot), Err(VocabularyError::OutOfRange { list: "character", index: 2, len: 2 }));
    }

    #[test]
    fn a_vocabulary_without_a_list_is_an_error() {
        assert!(matches!(Vocabulary::from_json(r#"{"place":[]}"#), Err(VocabularyError::Json(_))));
    }
}
