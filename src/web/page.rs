//! The HTML document around every page of both programs.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What the head of a document says.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The language of the page, such as `pt-BR`.
    pub language: &'a str,
    /// `ltr` or `rtl`.
    pub direction: &'a str,
    /// The title, in that language.
    pub title: &'a str,
    /// The only style, which [`crate::web::guard::protect`] lets through.
    pub style: &'a str,
    /// After how many seconds the browser asks for the page again, if it should.
    pub refresh_s: Option<u32>,
}

/// A whole document. It asks search engines not to list it.
#[must_use]
pub fn document(head: Head<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(head.language) dir=(head.direction) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                @if let Some(refresh_s) = head.refresh_s {
                    meta http-equiv="refresh" content=(refresh_s);
                }
                title { (head.title) }
                style { (PreEscaped(head.style)) }
            }
            body { (body) }
        }
    }
}
