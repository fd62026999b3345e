//! What the command line does; the program itself reads arguments and prints.

pub mod accounts;
pub mod surveys;
