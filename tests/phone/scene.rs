//! What only the phone's tests do with a running kiosk.

use smilepost::kiosk::settings::Settings;

use crate::kiosk::{PIN, Scene};
use crate::phone::Phone;

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(|_: &mut Settings| {})
    }

    /// The same kiosk after a restart.
    pub(crate) fn restart(mut self) -> Self {
        let folder = self.stop().unwrap();
        Self::open(self.settings.clone(), folder)
    }

    pub(crate) fn phone(&self) -> Phone {
        Phone::new(&self.address.url)
    }

    /// A phone that knows the PIN.
    pub(crate) async fn manager(&self) -> Phone {
        Phone::knowing(&self.address.url, PIN).await
    }
}
