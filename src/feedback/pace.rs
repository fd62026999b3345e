//! How often people are told of what may happen again and again: the first at once, and no more
//! than one in a while after it, with the number of those that it stands for.

/// The pace of one kind of thing.
#[derive(Clone, Debug)]
pub struct Pace<T> {
    pause_ms: u64,
    told_ms: Option<u64>,
    /// The last one that waits, and how many do.
    waiting: Option<(T, u32)>,
}

impl<T: Copy> Pace<T> {
    /// At most one in so many milliseconds.
    #[must_use]
    pub const fn new(pause_ms: u64) -> Self {
        Self { pause_ms, told_ms: None, waiting: None }
    }

    /// One came. Returns what is told now, and for how many it stands; nothing while the pause of
    /// the last one lasts.
    pub fn came(&mut self, what: T, now_ms: u64) -> Option<(T, u32)> {
        let before = self.waiting.map_or(0, |(_, count)| count);
        self.waiting = Some((what, before.saturating_add(1)));
        self.take_due(now_ms)
    }

    /// When what waits is told, in milliseconds since boot.
    #[must_use]
    pub fn due_at(&self) -> Option<u64> {
        let told_ms = self.told_ms.filter(|_| self.waiting.is_some())?;
        Some(told_ms.saturating_add(self.pause_ms))
    }

    /// What is told at this time, if anything waits and the pause is over.
    pub fn take_due(&mut self, now_ms: u64) -> Option<(T, u32)> {
        if self.due_at().is_some_and(|at| now_ms < at) {
            return None;
        }
        let due = self.waiting.take();
        if due.is_some() {
            self.told_ms = Some(now_ms);
        }
        due
    }

    /// Somebody knows: what waits need not be told any more.
    pub fn forget(&mut self) {
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_a_minute_by_their_number() {
        let mut pace = Pace::new(60_000);
        assert_eq!((pace.due_at(), pace.take_due(5)), (None, None));
        assert_eq!(pace.came('a', 1_000), Some(('a', 1)));
        for n in 0..49 {
            assert_eq!(pace.came('b', 1_100 + n), None);
        }
        assert_eq!((pace.due_at(), pace.take_due(60_999)), (Some(61_000), None));
        assert_eq!(pace.take_due(61_000), Some(('b', 49)));
        assert_eq!((pace.due_at(), pace.take_due(900_000)), (None, None), "nothing waits");
        assert_eq!(pace.came('c', 121_000), Some(('c', 1)), "the next one, much later");
    }

    #[test]
    fn what_somebody_knows_is_not_told_and_keeps_no_later_one_back() {
        let mut pace = Pace::new(60_000);
        assert_eq!((pace.came(1, 0), pace.came(2, 10)), (Some((1, 1)), None));
        pace.forget();
        assert_eq!((pace.due_at(), pace.take_due(70_000)), (None, None));
        assert_eq!(pace.came(3, 70_000), Some((3, 1)));
    }

    #[test]
    fn however_many_come_no_more_than_one_a_minute_is_told_and_none_is_left_out() {
        let mut pace = Pace::new(60_000);
        let told = (0..3_600_u64).flat_map(|second| {
            let now_ms = second * 1_000;
            [pace.take_due(now_ms), pace.came((), now_ms)]
        });
        let told: Vec<u32> = told.flatten().map(|(_, count)| count).collect();
        assert_eq!(told.len(), 60);
        let rest = pace.take_due(3_600_000).map_or(0, |(_, count)| count);
        assert_eq!(told.iter().sum::<u32>() + rest, 3_600);
    }
}
