//! The words of the world: every enum is a closed list whose order is part of the file format of the models.

/// Why a word is not in the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// Which list was asked: `place`, `time`, …
    pub list: &'static str,
    /// The word that it does not hold.
    pub word: String,
}

impl std::fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no {} is called \"{}\"", self.list, self.word)
    }
}

impl std::error::Error for UnknownWord {}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $list:literal, [$($variant:ident = $word:literal),+ $(,)?]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name { $($variant),+ }

        impl $name {
            /// The name of this list in the vocabulary.
            pub const LIST: &'static str = $list;
            /// Every value, in the order of its index.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The words, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word for this value.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The index in [`Self::ALL`], which is the row in a model's embedding.
            #[must_use]
            pub const fn id(self) -> u32 {
                self as u32
            }

            /// The value of an index.
            #[must_use]
            pub fn from_id(id: u32) -> Option<Self> {
                usize::try_from(id).ok().and_then(|i| Self::ALL.get(i)).copied()
            }

            /// The value of a word.
            pub fn from_name(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err(UnknownWord { list: $list, word: word.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::from_name(word)
            }
        }
    };
}

words!(
    /// Where a shot plays.
    Place, "place",
    [Meadow = "meadow", Forest = "forest", City = "city", Beach = "beach", Snow = "snow", Moon = "moon", Room = "room",
     Sea = "sea", Desert = "desert", Farm = "farm", Castle = "castle", Classroom = "classroom"]
);
words!(
    /// The time of day.
    Time, "time", [Day = "day", Sunset = "sunset", Night = "night", Dawn = "dawn"]
);
words!(
    /// The weather.
    Weather, "weather", [Clear = "clear", Rain = "rain", Snow = "snow", Fog = "fog"]
);
words!(
    /// What a character is.
    Kind, "character",
    [Robot = "robot", Cat = "cat", Dog = "dog", Bird = "bird", Bear = "bear", Rabbit = "rabbit", Fish = "fish",
     Ghost = "ghost", Dragon = "dragon", Penguin = "penguin", Girl = "girl", Boy = "boy"]
);
words!(
    /// A character's main colour.
    Color, "color",
    [Red = "red", Orange = "orange", Yellow = "yellow", Green = "green", Teal = "teal", Blue = "blue",
     Purple = "purple", Pink = "pink", Brown = "brown", Gray = "gray"]
);
words!(
    /// What a character does.
    Action, "action",
    [Stand = "stand", Walk = "walk", Run = "run", Jump = "jump", Wave = "wave", Dance = "dance", Spin = "spin",
     Fly = "fly", Sit = "sit", Sleep = "sleep", Talk = "talk", Look = "look"]
);
words!(
    /// The one thing of a shot.
    Prop, "prop",
    [None = "none", Ball = "ball", Flower = "flower", Gift = "gift", Balloon = "balloon", Mushroom = "mushroom",
     Star = "star", Book = "book", Apple = "apple", Umbrella = "umbrella", Lantern = "lantern", Cake = "cake",
     Kite = "kite"]
);
words!(
    /// What the camera does.
    Camera, "camera",
    [Static = "static", PanLeft = "pan_left", PanRight = "pan_right", ZoomIn = "zoom_in", ZoomOut = "zoom_out",
     Shake = "shake"]
);
words!(
    /// The look of the picture.
    Style, "style",
    [Flat = "flat", Paper = "paper", Watercolor = "watercolor", Pencil = "pencil", Crayon = "crayon", Film = "film"]
);
words!(
    /// How a character feels.
    Mood, "mood",
    [Neutral = "neutral", Happy = "happy", Sad = "sad", Surprised = "surprised", Angry = "angry", Shy = "shy"]
);

/// The whole vocabulary as JSON: an object with a list of words for each field, as models carry it in their metadata.
#[must_use]
pub fn vocabulary() -> serde_json::Value {
    serde_json::json!({
        Place::LIST: Place::NAMES, Time::LIST: Time::NAMES, Weather::LIST: Weather::NAMES, Kind::LIST: Kind::NAMES,
        Color::LIST: Color::NAMES, Action::LIST: Action::NAMES, Prop::LIST: Prop::NAMES, Camera::LIST: Camera::NAMES,
        Style::LIST: Style::NAMES, Mood::LIST: Mood::NAMES,
    })
}
