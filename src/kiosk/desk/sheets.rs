//! The sheets of the shop manager's desk: the content of each, and how it is written.
//!
//! A [`sheet::Sheet`] is plain data, which the screen draws. [`html`] writes the same for a phone,
//! for paper and for a stick, [`text`] for a terminal. What may be shown at all is decided once, in
//! [`shown`], and the fixed words come from the screen's catalogues ([`translations`]).

pub mod html;
pub mod sheet;
pub mod shown;
pub mod text;
pub mod translations;
