//! The video models: a shot's layout over time ([`motion`]), and frames painted from layouts ([`paint`]).

pub mod layout;
pub mod motion;
pub mod paint;
pub mod taehv;
pub mod wan;
mod weights;
