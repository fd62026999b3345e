//! A survey in another script that comes while the kiosk runs: its font is found then, and its text
//! is drawn in letters and not in boxes.

use std::path::Path;
use std::process::Command;

use slint::ComponentHandle as _;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::screen::fonts;

use crate::{in_language, open, screen, words};

const FONT: &[u8] = include_bytes!("NotoSansJP-of-our-texts.otf");

/// Where the inner process finds the fonts of its system, which has none at first.
const FOLDER: &str = "SMILEPOST_TEST_FONTS";

#[test]
fn a_font_that_a_later_survey_needs_is_found_while_the_kiosk_runs() {
    // Fonts are found once in a process, so this test starts itself in one of its own.
    if let Some(system) = std::env::var_os(FOLDER) {
        return on_a_system_of_its_own(Path::new(&system));
    }
    let folder = tempfile::tempdir().unwrap();
    let (conf, fonts) = (folder.path().join("fonts.conf"), folder.path().join("system"));
    std::fs::create_dir(&fonts).unwrap();
    let text = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig>\
         <dir>{0}</dir><cachedir>{0}</cachedir></fontconfig>",
        fonts.display()
    );
    std::fs::write(&conf, text).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "later::a_font_that_a_later_survey_needs_is_found_while_the_kiosk_runs";
    command.args(["--exact", name, "--nocapture"]);
    let output = command.env("FONTCONFIG_FILE", &conf).env(FOLDER, &fonts).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{output:?}");
}

fn on_a_system_of_its_own(system: &Path) {
    fonts::bring_fonts(system.parent().unwrap()).unwrap();
    let settings = in_language("ja");
    let words = words(&settings);
    let question = words.question.as_str();
    let drawn = || {
        // A new screen is taught what the one of a running kiosk is told.
        let screen = screen(&settings);
        open(&screen, (800, 480), &[View::Ask(words.clone())]);
        let pixels = screen.window().take_snapshot().unwrap();
        screen.component().hide().unwrap();
        pixels.as_bytes().to_vec()
    };
    assert!(!fonts::chosen().can_draw(question));
    assert!(!fonts::bring_more(question), "there is none yet");
    let boxes = drawn();
    std::fs::write(system.join("japanese.otf"), FONT).unwrap();
    assert!(fonts::bring_more(question));
    assert!(fonts::chosen().can_draw(question) && !fonts::bring_more(question));
    let letters = drawn();
    assert!(boxes != letters, "the question is drawn in letters");
    assert!(letters == drawn());
    let left = Path::new("fonts/more.conf");
    assert!(!system.parent().unwrap().join(left).exists(), "nothing of the look is left");
}
