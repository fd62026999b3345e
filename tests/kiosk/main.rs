//! The kiosk's rooms on their real parts: a real file, a real socket, the real program.

mod journal;
mod program;
mod settings;
