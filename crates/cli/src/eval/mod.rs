//! `kinora eval`: measured quality of the embedded models on generated tasks that training never saw.

mod motion;
mod paint;
mod refine;
pub mod score;
pub mod text;
mod texture;

use crate::failure::Outcome;

/// Which model is asked.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(clap::Subcommand)]
enum Suite {
    /// The motion model: held-out shots whose layouts show the asked action
    Motion(motion::Args),
    /// The painter: held-out shots painted from true layouts, in decibels and recognised words
    Paint(paint::Args),
    /// The refiner: held-out shots in every style, beside the world's own pictures
    Refine(refine::Args),
    /// The text model: held-out ideas become storyboards that name what the idea named
    Text(text::Args),
}

/// Runs the suite.
pub fn run(args: &Args) -> Outcome {
    match &args.suite {
        Suite::Motion(args) => motion::run(args),
        Suite::Paint(args) => paint::run(args),
        Suite::Refine(args) => refine::run(args),
        Suite::Text(args) => text::run(args),
    }
}
