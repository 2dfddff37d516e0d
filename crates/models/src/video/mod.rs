//! The video models: a shot's layout over time ([`motion`]), frames painted from layouts ([`paint`]), and painted frames given
//! texture, light and style ([`refine`]).

pub mod layout;
pub mod motion;
mod noise;
pub mod paint;
pub mod refine;
pub mod taehv;
pub mod wan;
mod weights;
