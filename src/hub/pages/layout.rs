//! The frame around every page: its head, its heading and its main part.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A whole page. `refresh_s` is after how many seconds the browser asks for it again, if it should;
/// `nav` stands beside the heading.
pub(super) fn page(refresh_s: Option<u32>, nav: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(refresh_s) = refresh_s {
                    meta http-equiv="refresh" content=(refresh_s);
                }
                title { "Smilepost" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Smilepost" }
                    (nav)
                }
                main { (main) }
            }
        }
    }
}
