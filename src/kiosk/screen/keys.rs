//! Lays out the keyboard on the screen.

use slint::SharedString;

use super::generated::Bridge;
use super::{keyboard, model};

/// Lays out the keyboard of the present language, with nothing written.
pub(super) fn lay_out(bridge: &Bridge<'_>) {
    let tag = bridge.get_tag();
    let row = |row: Vec<String>| model::list(row.into_iter().map(SharedString::from).collect());
    bridge.set_keys(model::list(keyboard::rows(&tag).into_iter().map(row).collect()));
    let (comma, full_stop) = keyboard::points(&tag);
    bridge.set_comma(comma.into());
    bridge.set_full_stop(full_stop.into());
    bridge.set_comment("".into());
}
