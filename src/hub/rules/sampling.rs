//! Which kiosks' tallies are proved by a recount on a day.

/// Each kiosk's turn comes at least once in so many days.
pub const TURN_DAYS: i64 = 28;

/// The kiosks, of these rising numbers, whose turn it is on a day, counted from 1970: the same ones
/// whoever asks. There is one every day, and no more than about one in [`TURN_DAYS`].
#[must_use]
pub fn sample(kiosks: &[i64], day: i64) -> Vec<i64> {
    let count = i64::try_from(kiosks.len()).unwrap_or(i64::MAX).max(1);
    let one = usize::try_from(day.rem_euclid(count)).ok().and_then(|at| kiosks.get(at));
    let is_due = |kiosk: &&i64| {
        let turn = kiosk.wrapping_add(day).rem_euclid(TURN_DAYS);
        turn == 0 || one == Some(*kiosk)
    };
    kiosks.iter().filter(is_due).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kiosk_has_its_turn_and_every_day_has_a_kiosk() {
        for count in [1, 2, 3, 27, 28, 29, 1_000] {
            let kiosks: Vec<i64> = (1..=count).map(|number| number * 3).collect();
            for first in [-5, 0, 20_000] {
                let days = (first..first + TURN_DAYS).map(|day| sample(&kiosks, day));
                let days: Vec<Vec<i64>> = days.collect();
                let most = usize::try_from(count / TURN_DAYS + 2).unwrap();
                assert!(days.iter().all(|day| !day.is_empty() && day.len() <= most));
                let all: BTreeSet<i64> = days.into_iter().flatten().collect();
                assert!(kiosks.iter().all(|kiosk| all.contains(kiosk)), "{count} from {first}");
            }
        }
        assert!(sample(&[], 7).is_empty());
        assert_eq!(sample(&[1, 2, 3], 7), sample(&[1, 2, 3], 7));
    }
}
