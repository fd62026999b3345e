//! The real kiosk and the real hub together, over a network that is cut and a plug that is pulled.

mod killed;
mod line;
mod parties;
mod trouble;
