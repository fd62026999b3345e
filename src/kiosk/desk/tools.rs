//! The shop manager's tools at the command line, and how they reach the journal.
//!
//! The journal has one owner, so a running kiosk is asked over its [`socket`], and the file is
//! opened only when none runs. Everything is read a page at a time, so that no press waits behind
//! an export.

pub mod clock;
pub mod export;
pub mod own_folder;
pub mod socket;
pub mod stick;
pub mod table;
pub mod verify;
