//! A device that was lost (the driver was reset, the computer slept): models are loaded again on another.

#[cfg(test)]
mod film_tests;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use kinora_tensor::{Device, TensorError};

use crate::{EngineError, error::Result};

/// So many lost devices in one piece of work are a machine on which it will not end.
pub(crate) const MAX_RECOVERIES: usize = 8;

/// Tries for a GPU; the one behind them is for the CPU.
const GPU_TRIES: usize = 2;

type Opening = Pin<Box<dyn Future<Output = Result<Device, TensorError>>>>;

/// Where models go when their device was lost.
pub(crate) struct Recovery {
    open: RefCell<Rc<dyn Fn(usize) -> Opening>>,
    /// The device that took the place of the engine's first.
    newest: RefCell<Option<Device>>,
}

impl Default for Recovery {
    fn default() -> Self {
        let open = |attempt: usize| -> Opening {
            Box::pin(async move {
                if attempt < GPU_TRIES {
                    return Device::gpu().await;
                }
                Ok(Device::cpu(std::thread::available_parallelism().map_or(1, usize::from)))
            })
        };
        Self { open: RefCell::new(Rc::new(open)), newest: RefCell::default() }
    }
}

impl Recovery {
    /// Replaces the way in which devices are opened.
    pub fn set<F>(&self, open: impl Fn(usize) -> F + 'static)
    where
        F: Future<Output = Result<Device, TensorError>> + 'static,
    {
        *self.open.borrow_mut() = Rc::new(move |attempt| Box::pin(open(attempt)));
    }

    /// The device that models are loaded on from now on, where the first was lost.
    pub fn newest(&self) -> Option<Device> {
        self.newest.borrow().clone()
    }

    /// What `load` makes on the device that other models have moved to, on a new GPU, or on the CPU.
    ///
    /// # Errors
    /// The last of what the tries met.
    pub async fn reload<T>(&self, load: impl Fn(&Device) -> Result<T>) -> Result<T> {
        if let Some(device) = self.newest()
            && let Ok(again) = load(&device)
        {
            return Ok(again);
        }
        let open = self.open.borrow().clone();
        let mut last = None;
        for attempt in 0..=GPU_TRIES {
            let loaded = match open(attempt).await {
                Ok(device) => load(&device).map(|again| (again, device)),
                Err(e) => Err(e.into()),
            };
            match loaded {
                Ok((again, device)) => {
                    device.reset_arena();
                    *self.newest.borrow_mut() = Some(device);
                    return Ok(again);
                }
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or_else(|| EngineError::new("device_lost", "load", "no device was found".into())))
    }
}
