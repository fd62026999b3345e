//! The frame around every page: its heading, its way about, and its main part.

use maud::{Markup, html};

use crate::web::page::{Head, document};

/// The one style of every page.
pub(super) const STYLE: &str = include_str!("style.css");

/// A whole page. `refresh_s` is after how many seconds the browser asks for it again, if it should;
/// `nav` stands beside the heading, `foot` at the end.
pub(super) fn page(refresh_s: Option<u32>, nav: &Markup, main: &Markup, foot: &Markup) -> Markup {
    let head = Head { language: "en", title: "Smilepost", style: STYLE, refresh_s, ..Head::PLAIN };
    let body = html! {
        header {
            h1 { "Smilepost" }
            (nav)
        }
        main { (main) }
        footer { (foot) }
    };
    document(head, &body)
}
