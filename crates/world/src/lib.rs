//! The cartoon world: a closed vocabulary of places, characters and actions; the motions that act a shot out; and the
//! renderer that draws it. Everything is a function of its arguments and a seed.
#![forbid(unsafe_code)]

pub mod caption;
pub mod chance;
pub mod corpus;
pub mod judge;
pub mod motion;
pub mod recognise;
pub mod render;
pub mod rig;
pub mod spec;
pub mod style;
