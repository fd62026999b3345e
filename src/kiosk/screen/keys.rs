//! Lays out the keyboard on the screen.

use slint::SharedString;

use super::generated::Bridge;
use super::keyboard::Layer;
use super::{keyboard, model};

/// Lays out the keyboard of the present language, with this written.
pub(super) fn lay_out(bridge: &Bridge<'_>, text: &str) {
    let tag = bridge.get_tag();
    let (comma, full_stop) = keyboard::points(&tag);
    bridge.set_comma(comma.into());
    bridge.set_full_stop(full_stop.into());
    let (capitals, letters) = keyboard::names(&tag);
    bridge.set_capitals(capitals.into());
    bridge.set_letters(letters.into());
    bridge.set_comment(text.into());
    turn(bridge, Layer::Letters);
}

/// Shows another layer of it.
pub(super) fn turn(bridge: &Bridge<'_>, layer: Layer) {
    let row = |row: Vec<String>| model::list(row.into_iter().map(SharedString::from).collect());
    let rows = keyboard::rows(&bridge.get_tag(), layer);
    bridge.set_keys(model::list(rows.into_iter().map(row).collect()));
    let at = Layer::ALL.iter().position(|known| *known == layer);
    bridge.set_layer(at.and_then(|at| i32::try_from(at).ok()).unwrap_or(0));
}

/// The layer that is shown.
pub(super) fn layer(bridge: &Bridge<'_>) -> Layer {
    layer_at(bridge.get_layer())
}

/// The layer with this number on the screen.
pub(super) fn layer_at(at: i32) -> Layer {
    usize::try_from(at).ok().and_then(|at| Layer::ALL.get(at).copied()).unwrap_or_default()
}
