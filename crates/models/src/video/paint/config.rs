use serde::Deserialize;

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
