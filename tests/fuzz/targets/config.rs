//! Fuzzes `kiosk.toml`: whatever an installer may write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smilepost::kiosk::settings::Settings;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kiosk.toml");
    std::fs::write(&file, bytes).expect("a file");
    if let Err(complaints) = Settings::read(&file) {
        assert!(!complaints.list().is_empty(), "refused without a complaint");
    }
});
