use serde::Deserialize;

/// The grid of learnt features of each layer of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Grid {
    /// Points over one period of the background.
    pub columns: usize,
    /// Points from above to below the frame.
    pub rows: usize,
    /// Numbers at a point.
    pub channels: usize,
}

/// A painter's numbers, from the `config` entry of its file's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Config {
    pub architecture: String,
    /// Numbers a cell has.
    pub features: usize,
    /// Pixels on a cell's side.
    pub cell: usize,
    /// Channels.
    pub dim: usize,
    pub layers: usize,
    /// Layers with a depthwise 3×3 behind them, from 0.
    pub mix_after: Vec<usize>,
    /// Channels of a half cell in the detail.
    pub detail: usize,
    pub backdrop: Grid,
    /// Channels of a word's embedding.
    pub embedding: usize,
    /// Hidden channels of the network that gives FiLM.
    pub film_hidden: usize,
    pub kinds: usize,
    pub colors: usize,
    pub moods: usize,
    pub places: usize,
    pub times: usize,
    pub weathers: usize,
    pub props: usize,
}

impl Config {
    /// The name that a painter's config carries.
    pub const ARCHITECTURE: &'static str = "kinora-paint";
}
