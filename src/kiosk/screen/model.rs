//! Lists and numbers, as Slint takes them.

use slint::{Model as _, ModelRc, VecModel};

pub(super) fn list<T: Clone + 'static>(items: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(items))
}

/// Sets a list unless the present one is equal, so that nothing is drawn again without need.
pub(super) fn set_if_new<T: Clone + PartialEq + 'static>(
    present: &ModelRc<T>,
    items: Vec<T>,
    set: impl FnOnce(ModelRc<T>),
) {
    if !present.iter().eq(items.iter().cloned()) {
        set(list(items));
    }
}

/// A count; one that is too large for Slint is shown as the largest.
pub(super) fn whole(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// A score without its fraction, which would claim too much precision.
pub(super) fn rounded(score: Option<f64>) -> i32 {
    score.map_or(0, |score| score.round() as i32)
}
