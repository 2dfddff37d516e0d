//! Time that has passed, in a page too.

/// A clock that was started.
pub(crate) struct Clock(web_time::Instant);

impl Clock {
    pub fn start() -> Self {
        Self(web_time::Instant::now())
    }

    /// Milliseconds since then.
    pub fn ms(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }
}
