//! How tall a character is beside its usual height: "a tiny cat", "a huge dragon".

use std::fmt;

use serde::{Deserialize, Serialize};

/// A size that an idea names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    Tiny,
    Small,
    Big,
    Huge,
}

impl Size {
    /// The size that a word before a noun tells.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "tiny" | "mini" => Some(Self::Tiny),
            "small" | "little" | "baby" => Some(Self::Small),
            "big" | "large" | "tall" => Some(Self::Big),
            "huge" | "giant" | "enormous" | "gigantic" => Some(Self::Huge),
            _ => None,
        }
    }

    /// Of the usual height.
    pub(super) fn factor(self) -> f32 {
        match self {
            Self::Tiny => 0.7,
            Self::Small => 0.85,
            Self::Big => 1.12,
            Self::Huge => 1.25,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Big => "big",
            Self::Huge => "huge",
        })
    }
}
