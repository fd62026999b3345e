use proptest::prelude::*;

use super::*;
use crate::feedback::answer::{Answer, FollowUp, Reply};
use crate::feedback::rating::Scale;

fn score(value: u8) -> Score {
    Scale::Five.score(value).unwrap()
}

fn press(value: u8) -> Cue {
    Cue::Pressed(Press { score: score(value), input: Input::Button })
}

/// The journal has written what it was given, with this number; [`tell`] knows what that was.
pub(super) fn written(n: u32) -> Cue {
    Cue::Kept { n, what: Kept::Call }
}

/// Tells a visit something, as the shell would: the journal answers with what it was given last.
pub(super) fn tell(visit: &mut Visit, mut cue: Cue, now: u64) -> Vec<Effect> {
    if let (Cue::Kept { what, .. }, Some((under_way, _))) = (&mut cue, &visit.under_way) {
        *what = match under_way {
            UnderWay::Rating(keep) => Kept::Rating(keep.score),
            UnderWay::Answer(keep) => Kept::Answer(keep.answer.follow_up()),
            UnderWay::Call => Kept::Call,
        };
    }
    visit.step(cue, now)
}

#[test]
fn what_the_visit_does_not_wait_for_thanks_nobody() {
    let mut visit = Visit::new(Pace::default(), Judge::off()).following(plan(), 0);
    let _ = visit.step(press(1), 10_000);
    for other in [Kept::Call, Kept::Answer(REASONS), Kept::Rating(score(2))] {
        assert_eq!(visit.step(Cue::Kept { n: 7, what: other }, 10_001), [], "{other:?}");
    }
    let what = Kept::Rating(score(1));
    let effects = visit.step(Cue::Kept { n: 8, what }, 10_002);
    assert_eq!(effects, [Effect::Follow { page: REASONS, is_happy: false }]);
    assert_eq!(visit.step(Cue::Kept { n: 9, what }, 10_003), [], "it was kept already");
}

/// A rating to be kept, as [`play`] returns it.
fn kept(value: u8, misuse: Option<Reason>, replaces: Option<u32>) -> Effect {
    let verdict = Verdict { misuse, rule: Judge::off().rule() };
    let (score, input, at_ms) = (score(value), Input::Button, 0);
    Effect::Keep(Keep { score, input, at_ms, verdict, replaces })
}

fn keep(value: u8) -> Effect {
    kept(value, None, None)
}

fn repeat(value: u8) -> Effect {
    kept(value, Some(Reason::Repeat), None)
}

fn correction(value: u8, n: u32) -> Effect {
    kept(value, None, Some(n))
}

fn light(value: u8) -> Effect {
    Effect::Light(score(value))
}

fn thank(n: u32, value: u8) -> Effect {
    Effect::Thank { n, score: score(value) }
}

/// What a kiosk with the default pace does when these things happen at these times.
fn play(events: &[(u64, Cue)]) -> Vec<Effect> {
    play_at(Pace::default(), events)
}

/// The effects without the times of the presses.
fn timeless(mut effects: Vec<Effect>) -> Vec<Effect> {
    for effect in &mut effects {
        match effect {
            Effect::Keep(keep) => keep.at_ms = 0,
            Effect::KeepAnswer(keep) => keep.at_ms = 0,
            _ => {}
        }
    }
    effects
}

fn play_at(pace: Pace, events: &[(u64, Cue)]) -> Vec<Effect> {
    let mut visit = Visit::new(pace, Judge::off());
    events.iter().flat_map(|(now, event)| timeless(tell(&mut visit, event.clone(), *now))).collect()
}

#[test]
fn a_press_lights_up_at_once_and_is_thanked_once_it_is_kept() {
    let effects = play(&[
        (10_000, press(4)),
        (10_005, written(1)),
        (13_004, Cue::Ticked),
        (13_005, Cue::Ticked),
    ]);
    assert_eq!(effects, [light(4), keep(4), thank(1, 4), Effect::Ask]);
}

#[test]
fn nobody_is_thanked_for_a_rating_that_could_not_be_written() {
    let effects = play(&[(10_000, press(4)), (10_005, Cue::NotKept)]);
    assert_eq!(effects, [light(4), keep(4), Effect::Rest]);
}

#[test]
fn a_resting_post_still_tries_each_press_and_comes_back() {
    let effects = play(&[
        (10_000, press(4)),
        (10_005, Cue::NotKept),
        (20_000, press(2)),
        (20_005, written(1)),
    ]);
    assert_eq!(effects[3..], [light(2), keep(2), thank(1, 2)]);
    let effects = play(&[(10_000, press(4)), (10_005, Cue::NotKept), (11_000, Cue::Recovered)]);
    assert_eq!(effects[2..], [Effect::Rest, Effect::Ask]);
}

#[test]
fn another_face_while_the_thank_you_is_shown_replaces_the_first() {
    let effects =
        play(&[(10_000, press(1)), (10_005, written(1)), (11_000, press(5)), (11_005, written(2))]);
    assert_eq!(effects[2..], [thank(1, 1), correction(5, 1), thank(2, 5)]);
}

#[test]
fn the_same_face_again_is_kept_and_not_counted_and_does_not_prolong_the_thank_you() {
    let effects = play(&[
        (10_000, press(1)),
        (10_005, written(1)),
        (12_900, press(1)),
        (12_905, written(2)),
        (13_005, Cue::Ticked),
    ]);
    assert_eq!(effects[2..], [thank(1, 1), repeat(1), thank(2, 1), Effect::Ask]);
}

#[test]
fn a_press_within_the_response_interval_is_kept_and_not_counted() {
    let first = [(10_000, press(1)), (10_000, written(1)), (13_000, Cue::Ticked)];
    let at = |now| play(&[&first[..], &[(now, press(5))]].concat())[5].clone();
    assert_eq!(at(14_999), repeat(5));
    assert_eq!(at(15_000), keep(5));
}

#[test]
fn the_response_interval_is_not_prolonged_by_presses_that_do_not_count() {
    let effects = play(&[
        (10_000, press(1)),
        (10_000, written(1)),
        (13_000, Cue::Ticked),
        (14_000, press(3)),
        (14_000, written(2)),
        (17_000, press(3)),
    ]);
    assert_eq!(effects[4..], [light(3), repeat(3), thank(2, 3), Effect::Ask, light(3), keep(3)]);
}

#[test]
fn a_late_tick_does_not_turn_the_next_shopper_into_a_correction() {
    let effects = play(&[(10_000, press(1)), (10_000, written(1)), (60_000, press(5))]);
    assert_eq!(effects[3..], [Effect::Ask, light(5), keep(5)]);
}

#[test]
fn a_press_during_anothers_commit_is_neither_lost_nor_double() {
    let effects = play(&[
        (10_000, press(4)),
        (10_001, press(2)),
        (10_002, press(2)),
        (10_500, written(1)),
        (10_600, written(2)),
        (10_700, written(3)),
    ]);
    let expected =
        [light(4), keep(4), thank(1, 4), correction(2, 1), thank(2, 2), repeat(2), thank(3, 2)];
    assert_eq!(effects, expected);
}

#[test]
fn a_card_that_hangs_is_said_and_its_rating_is_thanked_when_it_comes_through() {
    let stalled = 10_000 + STALL_MS;
    let mut visit = Visit::new(Pace::default(), Judge::off());
    let _ = tell(&mut visit, press(4), 10_000);
    assert_eq!(visit.due_at(), Some(stalled));
    assert_eq!(tell(&mut visit, Cue::Ticked, stalled - 1), []);
    assert_eq!(tell(&mut visit, Cue::Ticked, stalled), [Effect::Rest]);
    assert_eq!((visit.due_at(), visit.is_resting()), (None, false));
    assert_eq!(tell(&mut visit, press(2), stalled + 1), []);
    let effects = timeless(tell(&mut visit, written(1), stalled + 9));
    assert_eq!(effects, [thank(1, 4), correction(2, 1)]);
}

#[test]
fn presses_beyond_the_limit_are_reported_as_ignored() {
    let mut visit = Visit::new(Pace::default(), Judge::off());
    let presses = (0..=WAITING_MAX + 1).map(|_| tell(&mut visit, press(3), 10_000));
    let ignored = presses.filter(|effects| matches!(effects[..], [Effect::Ignore(_)]));
    assert_eq!(ignored.count(), 1);
}

#[test]
fn the_chip_brings_the_faces_back_and_the_next_face_corrects() {
    let effects = play(&[
        (10_000, press(1)),
        (10_000, written(1)),
        (12_000, Cue::Reconsidered),
        (14_000, press(5)),
        (14_000, written(2)),
    ]);
    assert_eq!(effects[3..], [Effect::Ask, light(5), correction(5, 1), thank(2, 5)]);
}

#[test]
fn a_shopper_who_walks_away_from_a_correction_leaves_the_first_press_standing() {
    let effects = play(&[
        (10_000, press(1)),
        (10_000, written(1)),
        (12_000, Cue::Reconsidered),
        (15_000, Cue::Ticked),
        (18_000, press(5)),
    ]);
    assert_eq!(effects[3..], [Effect::Ask, Effect::Ask, light(5), keep(5)]);
}

#[test]
fn with_correction_off_another_face_is_a_repeat() {
    let pace = Pace { correction_ms: 0, ..Pace::default() };
    let events = [(10_000, press(1)), (10_000, written(1)), (11_000, press(5))];
    assert_eq!(play_at(pace, &events)[3..], [repeat(5)]);
}

#[test]
fn with_everything_at_zero_every_press_counts() {
    let pace = Pace { thanks_ms: 0, correction_ms: 0, interval_ms: 0, ..Pace::default() };
    let events =
        [(10_000, press(1)), (10_000, press(1)), (10_007, written(1)), (10_009, written(2))];
    let expected =
        [light(1), keep(1), thank(1, 1), Effect::Ask, light(1), keep(1), thank(2, 1), Effect::Ask];
    assert_eq!(play_at(pace, &events), expected);
}

/// What becomes of presses by buttons: when, which face, and in the end why it does not count
/// and what it replaces.
fn judged(events: &[(u64, Cue)]) -> Vec<(u8, Option<Reason>, Option<u32>)> {
    let mut visit = Visit::new(Pace::default(), Judge::default());
    let (mut keeps, mut n) = (Vec::new(), 0);
    for &(now, ref event) in events {
        let mut effects = tell(&mut visit, event.clone(), now);
        while let Some(Effect::Keep(keep)) =
            effects.iter().find(|effect| matches!(effect, Effect::Keep(_)))
        {
            assert_eq!(keep.verdict.rule, crate::feedback::misuse::RULE_VERSION);
            keeps.push((keep.score.value(), keep.verdict.misuse, keep.replaces));
            n += 1;
            effects = tell(&mut visit, written(n), now);
        }
    }
    keeps
}

#[test]
fn of_two_faces_hit_by_one_hand_the_first_counts_and_is_not_corrected() {
    let keeps = judged(&[(10_000, press(2)), (10_040, press(3)), (11_000, press(4))]);
    let together = Some(Reason::Together);
    assert_eq!(keeps, [(2, None, None), (3, together, None), (4, None, Some(1))]);
}

#[test]
fn a_press_whose_button_is_held_is_taken_back_once() {
    let held = |value| Cue::Held(score(value));
    let taken_back = (4, Some(Reason::Held), Some(1));
    let events = [(10_000, press(4)), (20_000, held(4)), (30_000, held(4))];
    assert_eq!(judged(&events), [(4, None, None), taken_back]);
    let events = [(10_000, press(4)), (11_000, press(2)), (20_000, held(4))];
    assert_eq!(judged(&events)[1..], [(2, None, Some(1))], "it was corrected already");
    let events = [(10_000, press(4)), (20_000, held(2))];
    assert_eq!(judged(&events).len(), 1, "a button that nothing was counted of");
}

#[test]
fn a_held_button_takes_nothing_back_but_its_own_press() {
    let held = |value| Cue::Held(score(value));
    // The second press came too soon to count, so there is nothing of it to take back.
    let events = [(10_000, press(4)), (11_000, press(4)), (21_000, held(4))];
    let repeat = (4, Some(Reason::Repeat), None);
    assert_eq!(judged(&events), [(4, None, None), repeat]);
    // Its contacts bounced as it went down, and somebody touched the same face meanwhile.
    let touch = Cue::Pressed(Press { score: score(4), input: Input::Touch });
    let events = [(10_000, press(4)), (10_030, press(4)), (19_000, touch), (20_000, held(4))];
    assert_eq!(judged(&events)[3], (4, Some(Reason::Held), Some(1)));
}

#[test]
fn a_new_run_is_not_told_to_correct_the_last_one() {
    let effects = play(&[
        (10_000, press(1)),
        (10_000, written(9)),
        (10_500, Cue::NewRun),
        (11_000, press(5)),
    ]);
    assert_eq!(effects[3..], [light(5), keep(5)]);
}

fn plan() -> Plan {
    Plan { unhappy_reasons: true, happy_reasons: true, nps_one_in: 1, takes_comments: false }
}

/// What a kiosk with two follow-ups does.
fn play_followed(events: &[(u64, Cue)]) -> Vec<Effect> {
    let mut visit = Visit::new(Pace::default(), Judge::off()).following(plan(), 0);
    events.iter().flat_map(|(now, event)| timeless(tell(&mut visit, event.clone(), *now))).collect()
}

fn follow(page: FollowUp, is_happy: bool) -> Effect {
    Effect::Follow { page, is_happy }
}

fn note(to: u32, page: FollowUp, reply: Reply) -> Effect {
    Effect::KeepAnswer(KeepAnswer { to, answer: Answer::new(page, reply).unwrap(), at_ms: 0 })
}

fn waiting_time() -> Reply {
    Reply::Reason("waiting".to_owned())
}

const REASONS: FollowUp = FollowUp::Reasons;

#[test]
fn the_follow_ups_come_between_the_kept_rating_and_the_thank_you() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_005, written(1)),
        (12_000, Cue::Answered(REASONS, waiting_time())),
        (12_005, written(2)),
        (14_000, Cue::Answered(FollowUp::Nps, Reply::Skipped)),
        (14_005, written(3)),
        (17_005, Cue::Ticked),
    ]);
    let expected = [
        light(2),
        keep(2),
        follow(REASONS, false),
        note(1, REASONS, waiting_time()),
        follow(FollowUp::Nps, false),
        note(1, FollowUp::Nps, Reply::Skipped),
        thank(1, 2),
        Effect::Ask,
    ];
    assert_eq!(effects, expected);
}

#[test]
fn whoever_walks_away_is_asked_gently_and_leaves_the_post_to_the_next_shopper() {
    let mut visit = Visit::new(Pace::default(), Judge::off()).following(plan(), 0);
    let _ = tell(&mut visit, press(5), 10_000);
    let _ = tell(&mut visit, written(1), 10_000);
    let mut seen = Vec::new();
    let mut now = 10_000;
    while let Some(due) = visit.due_at() {
        now = due;
        let effects = timeless(tell(&mut visit, Cue::Ticked, now));
        let is_noted = matches!(effects[..], [Effect::KeepAnswer(_)]);
        seen.extend(effects);
        if is_noted {
            break;
        }
    }
    let mut expected: Vec<Effect> = (1..=5).rev().map(Effect::StillThere).collect();
    expected.push(note(1, REASONS, Reply::TimedOut));
    assert_eq!((seen, now), (expected, 22_000));
    // Nobody is thanked who is not there, and the next press is a rating like any other.
    assert_eq!(tell(&mut visit, written(2), now), [Effect::Ask]);
    assert_eq!(timeless(tell(&mut visit, press(1), now)), [light(1), keep(1)]);
}

#[test]
fn a_touch_takes_the_countdown_back() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (17_000, Cue::Ticked),
        (17_500, Cue::Touched),
        (24_499, Cue::Ticked),
        (24_500, Cue::Ticked),
    ]);
    let counted = [Effect::StillThere(5), Effect::StillThere(0), Effect::StillThere(5)];
    assert_eq!(effects[3..], counted);
}

#[test]
fn the_next_shopper_at_a_button_ends_the_last_ones_follow_up_and_is_counted() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (15_000, press(2)),
        (15_005, written(2)),
        (15_010, written(3)),
    ]);
    let expected =
        [note(1, REASONS, Reply::TimedOut), Effect::Ask, light(2), keep(2), follow(REASONS, false)];
    assert_eq!(effects[3..], expected);
}

#[test]
fn another_button_right_after_the_press_corrects_it_and_is_not_followed_up_again() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (11_000, press(5)),
        (11_005, written(2)),
    ]);
    assert_eq!(effects[3..], [light(5), correction(5, 1), thank(2, 5)]);
}

#[test]
fn the_same_button_again_leaves_the_follow_up_where_it_is() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (11_000, press(2)),
        (11_005, written(2)),
        (12_000, Cue::Answered(REASONS, waiting_time())),
    ]);
    assert_eq!(effects[3..], [repeat(2), note(1, REASONS, waiting_time())]);
}

#[test]
fn an_answer_to_a_follow_up_that_has_gone_is_not_kept() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (12_000, Cue::Answered(FollowUp::Nps, Reply::Nps(9))),
        (12_000, Cue::NewRun),
        (12_001, Cue::Answered(REASONS, waiting_time())),
    ]);
    assert_eq!(effects[3..], [Effect::Ask]);
}

#[test]
fn a_tap_that_comes_while_the_next_shopper_presses_is_not_the_next_ones_answer() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (16_000, press(5)),
        (16_001, Cue::Answered(REASONS, waiting_time())),
        (16_005, written(2)),
        (16_010, written(3)),
    ]);
    let expected =
        [note(1, REASONS, Reply::TimedOut), Effect::Ask, light(5), keep(5), follow(REASONS, true)];
    assert_eq!(effects[3..], expected);
}

#[test]
fn within_the_response_interval_a_press_beside_a_follow_up_is_not_counted() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (14_999, press(5)),
        (14_999, written(2)),
        (20_000, Cue::Touched),
        (21_999, press(5)),
    ]);
    assert_eq!(effects[3..], [repeat(5), repeat(5)]);
}

#[test]
fn a_post_that_rests_out_of_hours_marks_what_is_pressed() {
    let effects = play(&[
        (10_000, press(4)),
        (10_005, Cue::NotKept),
        (11_000, Cue::Closed),
        (12_000, press(4)),
    ]);
    assert_eq!(effects[3..], [light(4), kept(4, Some(Reason::Closed), None)]);
}

#[test]
fn an_answer_that_cannot_be_written_is_said_and_nobody_is_thanked() {
    let effects = play_followed(&[
        (10_000, press(2)),
        (10_000, written(1)),
        (12_000, Cue::Answered(REASONS, waiting_time())),
        (12_005, Cue::NotKept),
    ]);
    assert_eq!(effects[4..], [Effect::Rest]);
}

#[test]
fn a_chosen_language_is_given_back_after_the_visit_or_when_nobody_answers() {
    let mut visit = Visit::new(Pace::default(), Judge::off());
    assert_eq!(tell(&mut visit, Cue::Chose(2), 10_000), [Effect::Ask]);
    assert_eq!((visit.language(), visit.is_idle(), visit.due_at()), (Some(2), false, Some(30_000)));
    assert_eq!(tell(&mut visit, Cue::Ticked, 30_000), [Effect::Ask]);
    assert_eq!((visit.language(), visit.is_idle()), (None, true));
    let _ = tell(&mut visit, Cue::Chose(1), 31_000);
    let _ = tell(&mut visit, press(4), 32_000);
    let _ = tell(&mut visit, written(1), 32_000);
    assert_eq!(visit.language(), Some(1), "the thank-you is in it too");
    assert_eq!(tell(&mut visit, Cue::Ticked, 35_000), [Effect::Ask]);
    assert_eq!(visit.language(), None);
}

#[test]
fn more_time_lasts_for_the_visit_and_no_longer() {
    let mut visit = Visit::new(Pace::default(), Judge::off()).following(plan(), 0);
    let _ = tell(&mut visit, press(4), 10_000);
    let _ = tell(&mut visit, written(1), 10_000);
    let _ = tell(&mut visit, Cue::MoreTime, 11_000);
    assert_eq!(visit.due_at(), Some(11_000 + MORE_TIME * 12_000 - STILL_THERE_MS));
    let end = 11_000 + MORE_TIME * 12_000;
    let _ = tell(&mut visit, Cue::Ticked, end);
    let _ = tell(&mut visit, written(2), end);
    let _ = tell(&mut visit, press(4), end);
    let _ = tell(&mut visit, written(3), end);
    assert_eq!(visit.due_at(), Some(end + 12_000 - STILL_THERE_MS));
}

#[test]
fn out_of_hours_a_press_is_kept_with_that_mark_and_the_shop_stays_closed() {
    let effects = play(&[
        (10_000, Cue::Closed),
        (20_000, press(4)),
        (20_000, written(1)),
        (23_000, Cue::Ticked),
        (24_000, Cue::Touched),
        (30_000, Cue::Opened),
        (31_000, press(4)),
    ]);
    let expected = [
        Effect::Close,
        light(4),
        kept(4, Some(Reason::Closed), None),
        thank(1, 4),
        Effect::Close,
        Effect::Close,
        Effect::Ask,
        light(4),
        keep(4),
    ];
    assert_eq!(effects, expected);
}

#[test]
fn a_shopper_in_the_middle_of_a_visit_may_end_it_after_closing_time() {
    let effects = play(&[
        (10_000, press(4)),
        (10_000, written(1)),
        (11_000, Cue::Closed),
        (13_000, Cue::Ticked),
    ]);
    assert_eq!(effects, [light(4), keep(4), thank(1, 4), Effect::Close]);
}

#[test]
fn the_invitation_comes_after_a_while_and_goes_at_a_touch() {
    let pace = Pace { invite_ms: 60_000, ..Pace::default() };
    let events = [
        (10_000, press(4)),
        (10_000, written(1)),
        (13_000, Cue::Ticked),
        (72_999, Cue::Ticked),
        (73_000, Cue::Ticked),
        (80_000, Cue::Touched),
        (140_000, Cue::Ticked),
        (141_000, press(2)),
    ];
    let expected = [Effect::Ask, Effect::Invite, Effect::Ask, Effect::Invite, light(2), keep(2)];
    assert_eq!(play_at(pace, &events)[3..], expected);
}

fn any_event() -> impl Strategy<Value = Cue> {
    prop_oneof![
        4 => (1u8..=5).prop_map(press),
        4 => Just(written(0)),
        1 => Just(Cue::NotKept),
        1 => Just(Cue::Reconsidered),
        1 => Just(Cue::Recovered),
        2 => Just(Cue::Ticked),
        1 => (1u8..=5).prop_map(|value| Cue::Held(score(value))),
        1 => Just(Cue::NewRun),
        2 => prop_oneof![Just(Reply::Skipped), Just(waiting_time())]
            .prop_map(|reply| Cue::Answered(REASONS, reply)),
        1 => Just(Cue::Answered(FollowUp::Nps, Reply::Nps(3))),
        1 => Just(Cue::Touched),
        1 => (0u8..3).prop_map(Cue::Chose),
        1 => Just(Cue::MoreTime),
        1 => prop_oneof![Just(Cue::Closed), Just(Cue::Opened)],
        2 => Just(Cue::AskedForHelp),
        1 => prop_oneof![Just(Cue::Coming), Just(Cue::Missed), Just(Cue::Left)],
    ]
}

fn any_offer() -> impl Strategy<Value = Offer> {
    prop_oneof![Just(Offer::Nobody), Just(Offer::Everybody), Just(Offer::Unhappy)]
}

proptest! {
    /// Any press ends as one rating or one word in the log; any thank-you and any follow-up has a
    /// commit before it; a counted press within a visit corrects the one before or waits out the
    /// interval; nothing is written while something else is.
    #[test]
    fn presses_thanks_and_commits_always_match(
        events in prop::collection::vec((0u64..4_000, any_event()), 0..300),
        is_followed in any::<bool>(), offer in any_offer(),
    ) {
        let plan = if is_followed { plan() } else { Plan::default() };
        let visit = Visit::new(Pace::default(), Judge::off()).following(plan, 0);
        let mut visit = visit.offering_help(offer);
        let (mut now, mut n) = (10_000, 0);
        let (mut presses, mut keeps, mut commits, mut thanks, mut ignored) = (0, 0, 0, 0, 0);
        // What is under way, and the ratings that somebody may be thanked for.
        let (mut under_way, mut is_thanked, mut kept) = (false, false, Vec::new());
        let mut is_called = false;
        for (later, event) in events {
            now += later;
            let event = match event {
                Cue::Kept { .. } => { n += 1; written(n) }
                other => other,
            };
            presses += u32::from(matches!(event, Cue::Pressed(_)));
            if matches!(event, Cue::Kept { .. }) && under_way {
                if is_thanked {
                    commits += 1;
                    kept.push(n);
                }
                under_way = false;
            }
            if matches!(event, Cue::NotKept) {
                (under_way, is_called) = (false, false);
            }
            for effect in tell(&mut visit, event, now) {
                match effect {
                    Effect::Keep(keep) => {
                        prop_assert!(!under_way, "two under way");
                        under_way = true;
                        is_thanked = keep.verdict.misuse != Some(Reason::Held);
                        keeps += u32::from(is_thanked);
                        if keep.verdict.misuse.is_none() && keep.replaces.is_none() {
                            prop_assert!(now >= visit.quiet_until, "counted too soon");
                        }
                    }
                    Effect::KeepAnswer(keep) => {
                        prop_assert!(!under_way, "two under way");
                        prop_assert!(kept.contains(&keep.to), "an answer to no rating");
                        (under_way, is_thanked) = (true, false);
                    }
                    Effect::Thank { n, .. } => {
                        thanks += 1;
                        prop_assert!(kept.contains(&n), "a thank-you without its commit");
                    }
                    Effect::Follow { .. } => {
                        prop_assert!(!kept.is_empty(), "a follow-up before its rating is kept");
                    }
                    Effect::KeepCall { .. } => {
                        let is_offered = offer != Offer::Nobody;
                        prop_assert!(!under_way && is_offered, "a call that nobody offered");
                        (under_way, is_thanked, is_called) = (true, false, true);
                    }
                    Effect::Attend(Attending::Asked) => {
                        prop_assert!(is_called, "a promise without its commit");
                        is_called = false;
                    }
                    Effect::Attend(_) => {}
                    Effect::Ignore(_) => ignored += 1,
                    Effect::Light(_)
                    | Effect::Ask
                    | Effect::Invite
                    | Effect::StillThere(_)
                    | Effect::Close
                    | Effect::Rest => {}
                }
            }
        }
        let is_press = |waiting: &&Waiting| matches!(waiting, Waiting::Press(..));
        let waiting = u32::try_from(visit.waiting.iter().filter(is_press).count()).unwrap();
        prop_assert_eq!(presses, keeps + waiting + ignored);
        if !is_followed {
            prop_assert_eq!(thanks, commits);
        }
    }
}
