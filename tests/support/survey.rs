//! A survey with every kind of follow-up, in every language of the screens.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;

pub(crate) fn everything(scale: Scale) -> Survey {
    let mut parts = Survey::built_in(scale).parts().clone();
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    parts.questions[0].nps_one_in = 1;
    parts.questions[0].takes_comments = true;
    parts.languages = names(&["en", "fi", "sv", "ar"]);
    Survey::check(parts).unwrap()
}
