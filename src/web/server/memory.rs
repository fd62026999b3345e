//! Memory that many connections have used, given back to the system.
//!
//! The C library keeps what was freed for the next time, and a crowd of strangers may be gone for
//! good. Its own thresholds look at the end of its memory only, where something small mostly stays.

/// How many connections at once are many: fewer leave nothing behind that is worth the effort.
const MANY: usize = 64;

/// Remembers whether there were many connections.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    most: usize,
}

impl Crowd {
    /// Notes how many connections there are.
    pub(super) fn note(&mut self, count: usize) {
        self.most = self.most.max(count);
    }

    /// Whether there were many that have not been seen to be gone.
    pub(super) const fn was_here(&self) -> bool {
        self.most >= MANY
    }

    /// Whether most of them have gone by now; says so once.
    pub(super) fn has_gone(&mut self, count: usize) -> bool {
        let has_gone = self.was_here() && count <= self.most / 2;
        if has_gone {
            self.most = count;
        }
        has_gone
    }
}

/// Gives memory that nobody uses back to the system, which takes some milliseconds.
#[cfg(target_env = "gnu")]
pub(super) fn give_back() {
    // SAFETY: the call takes a number and no pointer, and may be made at any time by any thread.
    #[expect(unsafe_code, reason = "no safe wrapper offers this call")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other C libraries give it back by themselves.
#[cfg(not(target_env = "gnu"))]
pub(super) const fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_has_gone_once_when_half_of_it_has() {
        let mut crowd = Crowd::default();
        crowd.note(MANY - 1);
        assert!(!crowd.was_here() && !crowd.has_gone(0));
        crowd.note(200);
        assert!(crowd.was_here() && !crowd.has_gone(101));
        assert!(crowd.has_gone(100) && crowd.was_here() && !crowd.has_gone(100));
        assert!(crowd.has_gone(3) && !crowd.was_here() && !crowd.has_gone(0));
    }
}
