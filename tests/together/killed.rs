//! Tests that kill kiosk and hub again and again, at any moment.
//!
//! A kill is not a power cut: what the program has written stays written. It does show that no step
//! from the press to the receipt depends on the step after it.

use crate::chance::Chance;
use crate::line::Line;
use crate::parties::Site;
use crate::wait::wait_until;

/// How many ratings are to be thanked before the test is over.
const RATINGS: usize = 3_000;

/// How many presses at most come without waiting for their thank-you.
const BURST_MAX: u32 = 20;

#[test]
fn no_rating_is_lost_or_doubled_when_everything_is_killed() {
    let seed = std::env::var("SMILEPOST_SEED").map_or(20_261_122, |seed| seed.parse().unwrap());
    println!("SMILEPOST_SEED={seed} plays this again");
    let mut chance = Chance::seeded(seed);
    let site = Site::new();
    let mut hub = Some(site.start_hub());
    let line = Line::to(site.hub, seed);
    site.acquaint(line.address);
    line.cut(90);
    let mut kiosk = Some(site.start_kiosk());
    let mut buttons = site.buttons();
    let (mut kiosk_kills, mut hub_kills) = (0, 0);

    while site.thanks() < RATINGS {
        let before = site.thanks();
        let burst = 1 + chance.below(BURST_MAX);
        for _ in 0..burst {
            buttons.press(1 + chance.below(5));
        }
        // Some presses are in the pipe, some in the program, some on the card, some on the way.
        let until = before + usize::try_from(chance.below(burst) + 1).unwrap();
        wait_until("shoppers are thanked", || site.thanks() >= until);
        if chance.one_in(6) {
            kiosk.take().unwrap().kill();
            kiosk_kills += 1;
            kiosk = Some(site.start_kiosk());
        }
        if chance.one_in(6) {
            hub.take().unwrap().kill();
            hub_kills += 1;
            // Sometimes head office stays away for a while.
            if chance.one_in(3) {
                let away = site.thanks() + 20;
                for _ in 0..20 {
                    buttons.press(1 + chance.below(5));
                }
                wait_until("the kiosk goes on without a hub", || site.thanks() >= away);
            }
            hub = Some(site.start_hub());
        }
    }

    line.cut(0);
    let cuts = line.cuts();
    wait_until("everything thanked is archived", || {
        let archived = site.archived();
        site.thanked().keys().all(|id| archived.contains_key(id))
    });
    kiosk.take().unwrap().kill();
    let (thanked, archived) = (site.thanked(), site.archived());
    println!(
        "{} thanked, {} archived; killed: kiosk {kiosk_kills}, hub {hub_kills}; {cuts} lines cut",
        thanked.len(),
        archived.len()
    );
    for (id, score) in &thanked {
        assert_eq!(archived.get(id), Some(score), "{id:?}");
    }
    // What a hub has confirmed is not lost with it, so that nothing has to be sent again.
    assert!(!site.log("hub.log").contains("knows of more events than the archive holds"));
    // The one rating under way at a kill may be on the card before its shopper could be thanked.
    let unthanked = archived.len() - thanked.len();
    assert!(unthanked <= kiosk_kills + 1, "{unthanked} ratings that nobody was thanked for");
    assert!(kiosk_kills >= 20 && hub_kills >= 20 && cuts >= 20, "too little was broken");
    for id in archived.keys().filter(|id| !thanked.contains_key(*id)) {
        let last = archived.keys().filter(|other| other.0 == id.0).map(|other| other.1).max();
        assert_eq!(Some(id.1), last, "only a run's last rating can be unthanked");
    }
}
