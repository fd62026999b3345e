//! A running kiosk without a screen, whose desk is served to phones on a free port.

use std::thread::JoinHandle;

use smilepost::feedback::rating::{Input, Scale};
use smilepost::feedback::visit::Press;
use smilepost::kiosk::desk::sheets::sheet::Address;
use smilepost::kiosk::pin;
use smilepost::kiosk::settings::{PhoneLimits, PhoneListen, Settings};
use smilepost::kiosk::{Doorbell, Kiosk, Options, ScreenTarget};
use smilepost::wire::local::Exported;
use tempfile::TempDir;

use crate::noon;
use crate::rows::exported;
use crate::wait::wait_until;

pub(crate) const PIN: &str = "2580";

pub(crate) struct Scene {
    pub(crate) settings: Settings,
    pub(crate) address: Address,
    doorbell: Doorbell,
    /// Its thread, which owns its folder.
    kiosk: Option<JoinHandle<TempDir>>,
}

impl Scene {
    /// A kiosk with other settings, or with files in its data folder.
    pub(crate) fn with(prepare: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::plain(folder.path());
        settings.brand = "Nordmarkt Kallio".to_owned();
        settings.zone = Some(noon::zone());
        settings.pace.thanks_ms = 0;
        settings.pace.interval_ms = 0;
        settings.is_judged = false;
        settings.phone = Some(PhoneListen {
            address: ([127, 0, 0, 1], 0).into(),
            host: None,
            limits: PhoneLimits::default(),
        });
        pin::set(folder.path(), &pin::hash(PIN).unwrap()).unwrap();
        prepare(&mut settings);
        Self::open(settings, folder)
    }

    pub(crate) fn open(settings: Settings, folder: TempDir) -> Self {
        let options = Options { screen: ScreenTarget::Nowhere, ..Options::default() };
        let (tell, told) = std::sync::mpsc::channel();
        let to_open = settings.clone();
        let kiosk = std::thread::spawn(move || {
            let kiosk = Kiosk::open(to_open, options).unwrap();
            tell.send((kiosk.phone().unwrap(), kiosk.doorbell())).unwrap();
            kiosk.run().unwrap();
            folder
        });
        let (address, doorbell) = told.recv().unwrap();
        Self { settings, address, doorbell, kiosk: Some(kiosk) }
    }

    /// Ends the kiosk and returns its folder, which is deleted when dropped.
    pub(crate) fn stop(&mut self) -> Option<TempDir> {
        self.doorbell.stop();
        self.kiosk.take().map(|kiosk| kiosk.join().unwrap())
    }

    pub(crate) fn press(&self, value: u8) {
        let score = Scale::Five.score(value).unwrap();
        assert!(self.doorbell.press(Press { score, input: Input::Button }));
    }

    /// Every event in the journal, once it has this many.
    pub(crate) fn exported(&self, least: usize) -> Vec<Exported> {
        let mut rows = Vec::new();
        wait_until(&format!("the journal holds {least} rows"), || {
            rows = exported(&self.settings);
            rows.len() >= least
        });
        rows
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(self.stop());
        }
    }
}
