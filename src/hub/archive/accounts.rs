//! Accounts: what became of everything that kiosks have taken.
//!
//! Isolation: [`Archive::reconcile`](super::Archive::reconcile) reads one state of the archive from
//! its first statement to its last, since deliveries arrive meanwhile.
