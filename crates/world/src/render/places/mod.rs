//! The twelve places: layers of paper with depth, each a function of the scroll and the phase.

mod built;
mod country;
mod indoors;
mod open;

use super::canvas::Canvas;
use super::stage::Stage;
use crate::spec::Place;

/// Draws the background of a place.
pub fn draw(c: &mut Canvas, stage: &Stage, place: Place) {
    match place {
        Place::Meadow => country::meadow(c, stage),
        Place::Forest => country::forest(c, stage),
        Place::Farm => country::farm(c, stage),
        Place::City => built::city(c, stage),
        Place::Castle => built::castle(c, stage),
        Place::Beach => open::beach(c, stage),
        Place::Snow => open::snow(c, stage),
        Place::Moon => open::moon(c, stage),
        Place::Sea => open::sea(c, stage),
        Place::Desert => open::desert(c, stage),
        Place::Room => indoors::room(c, stage),
        Place::Classroom => indoors::classroom(c, stage),
    }
}
