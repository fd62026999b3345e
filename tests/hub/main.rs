//! The hub's rooms on their real parts: a real archive file, a real router on a real socket.

mod access;
mod dashboard;
mod intake;
mod program;
mod scene;
mod settings;
