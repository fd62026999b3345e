//! The journal of a running kiosk, read as the shop's tools read it.

use smilepost::kiosk::desk::tools::socket;
use smilepost::kiosk::settings::Settings;
use smilepost::wire::local::{Ask, Exported};

/// Every event that is in the journal now.
pub(crate) fn exported(settings: &Settings) -> Vec<Exported> {
    let ask = Ask::Export { from: None, to: None };
    let mut answers = socket::ask(&settings.runtime_dir, &ask).unwrap().unwrap();
    std::iter::from_fn(|| answers.event().unwrap()).collect()
}
