//! What the command line does; the program itself only reads arguments and prints.

pub mod accounts;
pub mod backup;
pub mod correct;
pub mod delete;
pub mod doctor;
pub mod error;
pub mod export;
pub mod import;
pub mod kiosks;
pub mod moving;
pub mod names;
pub mod reach;
pub mod recount;
pub mod shops;
pub mod surveys;
pub mod transfer;
pub mod work;
