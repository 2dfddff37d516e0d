//! The cartoon world: a closed vocabulary of places, characters and actions; the motions that act a shot out; and the
//! renderer that draws it. Everything is a function of its arguments and a seed.
#![forbid(unsafe_code)]

pub mod chance;
pub mod corpus;
pub mod spec;
pub mod style;
pub mod motion;
pub mod render;
pub mod rig;
