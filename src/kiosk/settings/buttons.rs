//! The table `buttons`: how the buttons, their lamps and the buzzer are wired.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::Complaints;
use crate::feedback::rating::Scale;

/// How the buttons are wired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buttons {
    /// What reads them.
    pub driver: Driver,
    /// BCM line numbers, worst face first; as many as the scale has faces, or none.
    pub lines: Vec<u32>,
    /// The resistor that holds an open line.
    pub pull: Pull,
    /// The level of a pressed button.
    pub active: Active,
    /// Contact bounce shorter than this is not a press.
    pub debounce: Duration,
    /// The lamps in the buttons: BCM line numbers, worst face first; as many as there are button
    /// lines, or none.
    pub lamps: Vec<u32>,
    /// The line of a buzzer.
    pub buzzer: Option<u32>,
    /// The line of a lamp that tells the shop manager of an alert.
    pub alert_lamp: Option<u32>,
    /// The label of the GPIO chip, for the `gpiocdev` driver.
    pub chip: Option<String>,
    /// Where the `script` driver reads its lines: a file, a FIFO, or `-` for standard input.
    pub script: Option<PathBuf>,
    /// Where the `script` driver writes what the lamps and the buzzer do: a file or a FIFO.
    pub script_lamps: Option<PathBuf>,
}

/// What reads the buttons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// `rppal` on a Pi it knows, else `gpiocdev` where a chip is configured, else none.
    #[default]
    Auto,
    /// A Raspberry Pi.
    Rppal,
    /// Any Linux board.
    Gpiocdev,
    /// Lines of `1` to `5`, for tests and for other programs.
    Script,
    /// No buttons.
    None,
}

/// The resistor that holds an open line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pull {
    /// To the supply: for buttons that connect to ground.
    #[default]
    Up,
    /// To ground: for buttons that connect to the supply.
    Down,
    /// None: for boards that have resistors of their own.
    Off,
}

/// The level of a pressed button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Active {
    /// Pressed is ground.
    #[default]
    Low,
    /// Pressed is the supply.
    High,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ButtonsPart {
    driver: Driver,
    lines: Vec<u32>,
    pull: Pull,
    active: Active,
    debounce_ms: Option<u16>,
    chip: Option<String>,
    script: Option<PathBuf>,
    lamps: Vec<u32>,
    buzzer: Option<u32>,
    alert_lamp: Option<u32>,
    script_lamps: Option<PathBuf>,
}

impl ButtonsPart {
    pub(super) fn check(self, scale: Scale, complaints: &mut Complaints) -> Buttons {
        let lines = self.lines;
        let faces = usize::from(scale.faces());
        if !lines.is_empty() && lines.len() != faces {
            let what = format!("has {} lines, the scale has {faces} faces", lines.len());
            complaints.add("buttons.lines", what);
        }
        if !self.lamps.is_empty() && self.lamps.len() != faces {
            let what = format!("has {} lines, the scale has {faces} faces", self.lamps.len());
            complaints.add("buttons.lamps", what);
        }
        let mut seen = std::collections::BTreeSet::new();
        for line in lines.iter().chain(&self.lamps).chain(&self.buzzer).chain(&self.alert_lamp) {
            if !seen.insert(line) {
                complaints.add("buttons.lines", format!("names line {line} more than once"));
            }
            complaints.unless(*line < 512, "buttons.lines", format!("{line} is not below 512"));
        }
        let is_wired = matches!(self.driver, Driver::Rppal | Driver::Gpiocdev);
        let what = "is missing: name the lines from worst to best face";
        complaints.unless(!is_wired || !lines.is_empty(), "buttons.lines", what);
        if self.driver == Driver::Gpiocdev {
            let what = "is missing: name the GPIO chip's label, as gpiodetect prints it";
            complaints.unless(self.chip.is_some(), "buttons.chip", what);
        }
        if self.driver == Driver::Script {
            let what = "is missing: name a file, a FIFO, or - for standard input";
            complaints.unless(self.script.is_some(), "buttons.script", what);
        }
        let debounce_ms = self.debounce_ms.unwrap_or(20);
        let is_short = debounce_ms <= 1_000;
        complaints.unless(is_short, "buttons.debounce_ms", "is not 0 to 1000 milliseconds");
        Buttons {
            driver: self.driver,
            lines,
            pull: self.pull,
            active: self.active,
            debounce: Duration::from_millis(u64::from(debounce_ms)),
            chip: self.chip,
            script: self.script,
            lamps: self.lamps,
            buzzer: self.buzzer,
            alert_lamp: self.alert_lamp,
            script_lamps: self.script_lamps,
        }
    }
}
