//! The twelve characters, each of its own silhouette.

mod animals;
mod body;
mod others;

pub use body::Figure;

use super::canvas::Canvas;
use crate::spec::Kind;

/// Draws a figure.
pub fn draw(c: &mut Canvas, f: &Figure<'_>, kind: Kind) {
    match kind {
        Kind::Cat => animals::cat(c, f),
        Kind::Dog => animals::dog(c, f),
        Kind::Bear => animals::bear(c, f),
        Kind::Rabbit => animals::rabbit(c, f),
        Kind::Bird => animals::bird(c, f),
        Kind::Penguin => animals::penguin(c, f),
        Kind::Robot => others::robot(c, f),
        Kind::Fish => others::fish(c, f),
        Kind::Ghost => others::ghost(c, f),
        Kind::Dragon => others::dragon(c, f),
        Kind::Girl => others::girl(c, f),
        Kind::Boy => others::boy(c, f),
    }
}
