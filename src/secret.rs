//! PINs and random tokens of both programs: how they are made and hashed.

pub mod pin;
pub mod token;
