//! How listeners are stopped.

use tokio::sync::watch;

/// What stops listeners: each finishes what is under way.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

/// What a listener is stopped by.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Both ends.
#[must_use]
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Stops every listener.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until somebody stops the listeners; for ever once nobody can.
    pub async fn come(&mut self) {
        if self.0.wait_for(|is_stopped| *is_stopped).await.is_err() {
            std::future::pending().await
        }
    }
}
