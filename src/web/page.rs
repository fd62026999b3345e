//! The HTML document around every page of both programs.

use std::fmt::Display;

#[cfg(any(feature = "phone", feature = "hub"))]
use axum::http::HeaderMap;
#[cfg(any(feature = "phone", feature = "hub"))]
use axum::http::header::ACCEPT;

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::escape::{Lines, Plain};

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
    /// The path of a script of ours, which then asks in place of the browser.
    pub script: Option<&'a str>,
    /// What the script is to find changed.
    pub waiting: Option<&'a str>,
}

impl Head<'_> {
    /// Nothing but what every page has.
    pub const PLAIN: Self = Self {
        language: "en",
        direction: "ltr",
        title: "",
        style: "",
        refresh_s: None,
        script: None,
        waiting: None,
    };
}

/// A text that somebody else may have written, in a line with texts of ours: whichever direction it
/// has, what stands beside it stays in its place.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<T>(pub T);

impl<T: Display> Render for Foreign<T> {
    fn render(&self) -> Markup {
        html! { bdi { (self.0.to_string()) } }
    }
}

/// A whole document. It asks search engines not to list it. Characters that act instead of being
/// seen (see [`crate::escape`]) are seen in it: no page of ours has any of its own.
#[must_use]
pub fn document(head: Head<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(head.language) dir=(head.direction) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                @match (head.refresh_s, head.script) {
                    (Some(refresh_s), Some(_)) => {
                        noscript { meta http-equiv="refresh" content=(refresh_s); }
                    },
                    (Some(refresh_s), None) => meta http-equiv="refresh" content=(refresh_s);,
                    (None, _) => {},
                }
                @if let Some(script) = head.script { script src=(script) defer {} }
                title { (Plain(head.title).to_string()) }
                style { (PreEscaped(head.style)) }
            }
            body data-waiting=[head.waiting] { (PreEscaped(Lines(&body.0).to_string())) }
        }
    }
}

/// The only style of [`sentence`].
pub const SENTENCE_STYLE: &str =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}";

/// A page that has one sentence to say, and nothing else: why there is no other.
#[must_use]
pub fn sentence(sentence: &str, more: &Markup) -> Markup {
    let head = Head { title: "Smilepost", style: SENTENCE_STYLE, ..Head::PLAIN };
    let mut letters = sentence.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let rest = letters.as_str().trim_end().trim_end_matches('.');
    document(head, &html! { main { p role="alert" { (first) (rest) "." (more) } } })
}

/// Whether whoever asks wants a page to look at, as browsers do, and not what programs read.
#[cfg(any(feature = "phone", feature = "hub"))]
#[must_use]
pub fn is_for_people(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.any(|value| value.to_ascii_lowercase().contains("text/html"))
}
