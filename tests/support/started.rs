//! A program that a test has started.

use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};

/// It is killed when the test is over, however that ends: a program that is left behind keeps its
/// ports, and whoever reads its output waits for ever.
pub(crate) struct Started(Child);

impl Started {
    pub(crate) fn by(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }
}

impl Deref for Started {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Started {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
