//! Smilepost, the feedback post of a shop: a press becomes a rating, survives, reaches head office,
//! and is counted once.
//!
//! This page is the map.
//!
//! Rooms are named for what they mean. Each row says what a room may use; arrows lead from outside
//! to inside, and no way leads back, neither between rooms nor between files. `tests/tidy.rs` reads
//! these tables and fails when a file uses more: to move a wall, change the row in the same commit.
//!
//! | room | what it is | may use |
//! |---|---|---|
//! | [`feedback`] | the pure core: what shoppers say. No I/O, clock, thread or serde | `digits`, its rooms |
//! | [`wire`] | what crosses the network and the kiosk's socket: all JSON shapes | `digits`, `feedback` |
//! | [`clock`] | the only place that asks what time it is | `feedback` |
//! | [`zones`] | time-zone rules: the system's, or older ones of this program | `feedback` |
//! | [`config`] | reading a TOML file so that every complaint comes at once | `file`, `owner`, `words` |
//! | [`digits`] | digits of every script, where somebody types a number | nothing |
//! | [`escape`] | what is printed, with nothing in it that acts | `file` |
//! | [`foreign`] | a folder that others have filled, such as a stick, and lines that others write | `file`, `owner` |
//! | [`file`](mod@file) | writing a file so that a power cut leaves it whole | nothing |
//! | [`secret`] | PINs, random tokens, and how they are kept | `digits` |
//! | [`web`] | what the pages of both programs share, and the server of both | `escape`, `file`, `secret` |
//! | [`carried`] | a delivery carried by hand: its file, and what seals and signs it | `wire`, `words` |
//! | [`program`] | version, log, last word, exit code and exports of every program | `config`, `escape`, `file`, `finding` |
//! | [`kiosk`] | the shop's side, put together | `carried`, `clock`, `config`, `digits`, `escape`, `feedback`, `file`, `finding`, `foreign`, `owner`, `secret`, `web`, `wire`, `words`, `zones`, its rooms |
//! | [`hub`] | head office's side, put together | `clock`, `config`, `crate::carried`, `digits`, `escape`, `feedback`, `file`, `finding`, `foreign`, `owner`, `secret`, `web`, `wire`, `words`, `zones`, its rooms |
//! | `src/bin/` | arguments, logs, exit codes | `carried`, `clock`, `escape`, `feedback`, `file`, `foreign`, `hub`, `kiosk`, `owner`, `program`, `secret`, `wire`, `words`, `zones` |
//! | [`finding`] | what a `doctor` has found | nothing |
//! | [`words`] | what is wrong with a text, without a library's words | nothing |
//! | [`owner`] | root acts on files as the owner of the data folder | nothing |
//!
//! `kiosk` and `hub` never see each other; only `smilepost-demo` and `tests/together` see both.
//! Each outside world has one owner: Slint is known to [`kiosk::screen`] alone, GPIO to
//! [`kiosk::buttons`], SQLite to [`kiosk::journal`] and [`hub::archive::sqlite`], PostgreSQL to
//! [`hub::archive::postgres`], HTTP to [`kiosk::uplink`] and [`kiosk::desk::phone`] on the one side
//! and to [`hub`] on the other.
//!
//! ## The rooms of the core
//!
//! | room | what it is | may use |
//! |---|---|---|
//! | `feedback::named` | enums whose variants have a word each | nothing |
//! | [`feedback::verdict`] | whether a press counts, and why not | `named` |
//! | [`feedback::colour`] | a colour, and whether it can be read on another | nothing |
//! | [`feedback::rating`] | one press and its score | `named`, `verdict` |
//! | [`feedback::answer`] | what a shopper said to a follow-up | `named`, `rating` |
//! | [`feedback::call`] | a shopper asks for somebody | `named` |
//! | [`feedback::note`] | what the shop wrote down | `named`, `rating` |
//! | [`feedback::event`] | everything that is kept, as one type | `answer`, `call`, `named`, `note`, `rating`, `verdict` |
//! | [`feedback::moment`] | when something happened, as far as anybody can know | `named`, `rating`, `zone` |
//! | [`feedback::misuse`] | presses that are kept and not counted, and why | `rating`, `verdict` |
//! | [`feedback::outbox`] | what to send next, and when to try again | nothing |
//! | [`feedback::pace`] | how often people are told of what happens again and again | nothing |
//! | [`feedback::survey`] | the question, its words, reasons, schedule and opening hours | `answer`, `digits`, `rating`, `visit` |
//! | [`feedback::tally`] | counts, scores and their intervals | `answer`, `moment`, `rating`, `verdict` |
//! | [`feedback::visit`] | one shopper at the kiosk, as a state machine | `answer`, `misuse`, `rating`, `verdict` |
//! | [`feedback::alert`] | when staff should look | `rating` |
//! | [`feedback::zone`] | a shop's time zone, as a value | nothing |
//!
//! ## The rooms of the kiosk
//!
//! | room | what it is | may use |
//! |---|---|---|
//! | [`kiosk::settings`] | `kiosk.toml`, checked whole | `config`, `digits`, `escape`, `feedback`, `file`, `web`, `wire`, `zones` |
//! | [`kiosk::pin`] | the shop manager's PIN, and what a wrong try costs | `file`, `secret` |
//! | [`kiosk::journal`] | the one SQLite file: a rating is safe once it is here | `feedback`, `file` |
//! | `kiosk::fifo` | files and FIFOs of other programs, opened without waiting for them | nothing |
//! | `kiosk::thanks_log` | an independent record of what shoppers were thanked for | `feedback`, `fifo` |
//! | [`kiosk::former`] | the journals of places where the board was before | `feedback`, `journal`, `settings` |
//! | [`kiosk::exchange`] | the journal's events in the words of the wire | `escape`, `feedback`, `journal`, `wire` |
//! | [`kiosk::office_survey`] | the survey that head office gave, kept over restarts | `escape`, `feedback`, `file`, `settings`, `wire`, `words` |
//! | [`kiosk::display`] | what is asked at present, in the shopper's language | `feedback`, `settings`, `sound` |
//! | [`kiosk::sound`] | tones and the spoken question | `escape`, `feedback`, `settings` |
//! | [`kiosk::buttons`] | GPIO: buttons, lamps, buzzer | `clock`, `feedback`, `fifo`, `foreign`, `settings` |
//! | [`kiosk::uplink`] | the way to head office, by the network or on a stick | `carried`, `clock`, `digits`, `escape`, `exchange`, `feedback`, `file`, `foreign`, `former`, `journal`, `office_survey`, `pin`, `secret`, `settings`, `wire`, `zones` |
//! | [`kiosk::desk`] | what the shop manager sees | `counts`, `phone`, `sheets`, `tools` |
//! | [`kiosk::desk::counts`] | the thread that counts the journal, and what came of it | `digits`, `escape`, `feedback`, `foreign`, `former`, `journal`, `pin`, `sheets`, `wire` |
//! | [`kiosk::desk::sheets`] | what stands on each sheet, as values, text and HTML | `display`, `escape`, `feedback`, `finding`, `journal`, `pin`, `web`, `wire` |
//! | [`kiosk::desk::phone`] | the sheets on the manager's phone: the kiosk's one web server | `counts`, `feedback`, `file`, `pin`, `secret`, `settings`, `sheets`, `web`, `wire` |
//! | [`kiosk::desk::tools`] | what the command line asks, and the stick | `carried`, `clock`, `counts`, `desk::phone`, `digits`, `escape`, `feedback`, `file`, `foreign`, `former`, `journal`, `settings`, `sheets`, `uplink`, `wire` |
//! | `kiosk::staff` | who is told when somebody is needed, and in which words | `attendant`, `desk::sheets`, `feedback`, `settings`, `uplink`, `wire` |
//! | [`kiosk::attendant`] | the one loop that owns the visit | `buttons`, `clock`, `desk::counts`, `desk::phone`, `desk::sheets`, `display`, `feedback`, `finding`, `journal`, `sound`, `thanks_log`, `wire` |
//! | `kiosk::shop_zone` | by whose clocks the shop's days begin | `attendant`, `desk::counts`, `feedback`, `settings`, `zones` |
//! | [`kiosk::screen`] | Slint: shows, and says what was touched | `attendant`, `clock`, `desk::phone`, `desk::sheets`, `display`, `feedback`, `settings`, `wire` |
//! | [`kiosk::enrolling`] | what the board holds, and for whom, before it is enrolled | `clock`, `desk::counts`, `desk::tools`, `escape`, `former`, `journal`, `office_survey`, `pin`, `settings`, `uplink`, `wire` |
//! | [`kiosk::reset`] | readies a card for imaging | `desk::phone`, `desk::tools`, `enrolling`, `journal`, `office_survey`, `pin`, `screen`, `settings`, `sound`, `uplink`, `wire` |
//! | [`kiosk::health`] | what is wrong and what cures it: `doctor` | `buttons`, `clock`, `desk::counts`, `escape`, `feedback`, `file`, `finding`, `journal`, `owner`, `pin`, `screen`, `settings`, `sound`, `uplink`, `wire`, `zones` |
//! | `kiosk::rounds` | the running kiosk examines itself, for the desk and head office | `attendant`, `clock`, `desk::phone`, `desk::tools`, `finding`, `health`, `settings`, `wire` |
//! | `kiosk::retry` | what could not be opened is tried again | `attendant` |
//! | `kiosk::opening` | the parts that a kiosk can go on without | `attendant`, `buttons`, `clock`, `desk::counts`, `desk::phone`, `desk::tools`, `escape`, `file`, `journal`, `retry`, `screen`, `settings`, `uplink` |
//!
//! ## The rooms of head office
//!
//! | room | what it is | may use |
//! |---|---|---|
//! | [`hub::settings`] | `hub.toml`, checked whole | `archive`, `archive::postgres`, `config`, `digits`, `rules`, `web` |
//! | [`hub::rules`] | what is decided about events, pure | `feedback` |
//! | [`hub::secrets`] | codes and tokens: make, hash, compare | `crate::carried`, `digits` |
//! | `hub::archive::error` | why the archive fails, in words | nothing |
//! | `hub::archive::value` | values and rows, as both engines know them | `archive::error` |
//! | `hub::archive::tx` | a transaction, as statements see it | `archive::error`, `archive::value` |
//! | [`hub::archive`] | what is kept for ever: its values by noun, and the archive on either engine | `archive::error`, `archive::postgres`, `archive::sqlite`, `archive::tx`, `crate::carried`, `feedback`, `rules`, `secrets`, `wire`, `zones` |
//! | `hub::archive::sql` | the statements, written once for both engines | `archive`, `archive::error`, `archive::tx`, `archive::value`, `feedback`, `rules`, `secrets`, `wire` |
//! | [`hub::archive::sqlite`] | the engine of one machine: connects, begins and ends, migrates, backs up | `archive::error`, `archive::tx`, `archive::value`, `clock`, `feedback`, `file`, `owner`, `rules`, `zones` |
//! | [`hub::archive::transfer`] | takes the whole archive to another place, and proves it | `archive::sql`, `archive`, `archive::error`, `archive::tx`, `archive::value`, `wire` |
//! | [`hub::archive::postgres`] | the engine that several hubs share | `archive::error`, `archive::tx`, `archive::value` |
//! | [`hub::intake`] | the reading of a delivery, whichever way it came | `archive`, `crate::carried`, `feedback`, `rules`, `wire` |
//! | [`hub::readiness`] | whether deliveries can be stored | `archive`, `archive::error`, `feedback`, `rules`, `settings` |
//! | [`hub::proof`] | whether tallies are what a recount gives | `archive`, `archive::error`, `feedback`, `rules` |
//! | [`hub::kiosks`] | what machines ask: enrolment, deliveries, tokens, surveys | `archive`, `archive::error`, `crate::carried`, `escape`, `feedback`, `intake`, `readiness`, `rules`, `secrets`, `settings`, `web`, `wire`, `words`, `zones` |
//! | [`hub::carried`] | deliveries carried by hand, letters, the hub's keys | `archive`, `archive::error`, `crate::carried`, `feedback`, `file`, `intake`, `rules`, `secrets`, `wire` |
//! | [`hub::figures`] | what a page shows, as plain values | `archive`, `archive::error`, `feedback`, `rules`, `zones` |
//! | [`hub::pages`] | HTML for people | `archive`, `archive::error`, `digits`, `feedback`, `figures`, `proof`, `readiness`, `web`, `zones` |
//! | [`hub::keep`] | what has had its time, deleted | `archive`, `archive::error`, `rules` |
//! | [`hub::work`] | what runs in the background | `archive`, `archive::error`, `feedback`, `keep`, `proof`, `rules`, `web` |
//! | [`hub::commands`] | what the command line does; the binary parses and prints | `archive::postgres`, `archive::sqlite`, `archive::transfer`, `archive`, `archive::error`, `carried`, `config`, `crate::carried`, `escape`, `feedback`, `file`, `finding`, `foreign`, `rules`, `secret`, `secrets`, `settings`, `web`, `wire`, `zones` |
//!
//! # A press, from the finger to the dashboard
//!
//! Eight files tell it whole. `tests/tidy.rs` keeps the line numbers true.
//!
//! 1. `src/kiosk/screen/input.rs:23` `bridge.on_touched(`: a finger on a face becomes a message.
//! 2. `src/kiosk/attendant.rs:432` `fn press(`: the attendant gives it to the visit, and does what
//!    the visit wants done.
//! 3. `src/feedback/visit.rs:196` `fn pressed(`: the visit judges the press and wants it kept.
//! 4. `src/kiosk/journal/thread.rs:372` `fn append(`: the journal commits it to the card; only then
//!    the visit thanks.
//! 5. `src/kiosk/uplink/sender.rs:349` `async fn deliver(`: what waits is sent, until a receipt
//!    settles it.
//! 6. `src/hub/kiosks/deliveries.rs:18` `async fn deliver`: head office takes the delivery from a
//!    kiosk that it knows.
//! 7. `src/hub/archive/sql/ingest.rs:82` `async fn store(`: each event is stored once, in one
//!    transaction, before the receipt.
//! 8. `src/hub/pages/overview.rs:47` `async fn overview`: the day of every shop, with what stands
//!    behind its numbers.
//!
//! ```text
//! touch/button/key ─► Cue::Pressed ─► Visit::step ─► Effect::Keep ─► journal commits
//!                                          │                              │
//!                          the face lights up at once            Cue::Kept ─► Effect::Thank
//! ```
//!
//! Where the survey asks for more, [`kiosk::display`] knows in which words, and a follow-up comes
//! between the two last: `Cue::Kept ─► Effect::Follow ─► Cue::Answered ─► Effect::KeepAnswer`,
//! which is committed like a rating. A survey comes from head office through the uplink
//! ([`kiosk::office_survey`]) and is asked from the next shopper on.
//!
//! # Threads of the kiosk
//!
//! Main is Slint's loop, or the attendant where there is no screen. *attendant* is one loop over
//! one closed [`kiosk::attendant::Message`]; it owns the visit and never waits. *journal* owns the
//! one SQLite connection. *uplink* is a single-threaded tokio runtime. *desk* is the clerk
//! ([`kiosk::desk::counts::clerk`]), who has the journal counted before anybody asks; *socket* lets
//! the shop manager's tools ask, and *phone*, where it is wanted, the shop manager's phone.
//! *rounds* examines the kiosk every few minutes. Bounded channels lie between them. Behind a lock
//! lies only what is replaced whole: the fonts that were found, and the page's fingerprint.
//!
//! # Invariants, and the tests that hold them
//!
//! 1. A shopper is thanked only for a rating that is durably on disk.
//!    `visit::tests::presses_thanks_and_commits_always_match` for the decision,
//!    `tests/faults::whoever_was_thanked_is_in_the_journal_after_any_power_cut` for the card,
//!    `tests/together::no_rating_is_lost_or_doubled_when_everything_is_killed` for the whole.
//! 2. A rating is never lost and never counted twice: taken = settled + waiting + set aside +
//!    reported lost, and every term can be printed.
//!    `tests/together::whatever_goes_wrong_every_thanked_rating_is_counted_once`,
//!    `tests/together::both_sides_print_the_same_equation_and_it_holds`,
//!    `tests/kiosk::a_flipped_bit_in_the_database_hides_nothing`,
//!    `tests/together::no_rating_is_lost_or_doubled_when_everything_is_killed`,
//!    `tests/hub::the_same_delivery_twice_counts_once`,
//!    `tests/together::ratings_that_are_carried_on_a_stick_count_once`. Each counts where it was
//!    taken; what was given up, and what was a trial, are terms of their own:
//!    `tests/together::each_head_office_gets_exactly_its_own_whatever_the_order`.
//!    Those in which an archive has a part run on each engine: `tests/hub` by a target each, and of
//!    `tests/together` what `tests/together/postgres.rs` names.
//!    `tests/chain::nothing_is_lost_or_doubled_whatever_ends_in_a_chain` for many kiosks at once.
//! 3. No unsent rating is ever deleted: `tests/kiosk::only_settled_events_are_pruned` and
//!    `only_what_is_settled_is_let_go_of_whatever_is_asked_for`.
//! 4. The kiosk takes ratings without network, hub, valid time, screen or buttons, and says what it
//!    cannot do: `tests/kiosk::a_kiosk_without_hub_screen_and_buttons_still_takes_ratings`.
//! 5. The core does no I/O, so it cannot fail for outside reasons:
//!    `tests/tidy::the_core_is_pure`.
//! 6. Every wire shape ever shipped is still read, and unknown fields are kept or ignored:
//!    `tests/wire`.
//! 7. No personal data: what a shopper does has the fields of [`feedback::rating::Rated`] or
//!    [`feedback::answer::Answered`] and no others; own words only where head office asks for them.
//!    Nobody in the shop can match a press to a person:
//!    `tests/kiosk::the_day_that_is_not_over_moves_on_by_no_fewer_than_five_ratings`,
//!    `tests/desk::a_long_press_on_the_brand_opens_the_pad_and_only_the_pin_the_tabs`,
//!    `tests/phone::nothing_but_the_way_in_answers_without_the_pin`,
//!    `tests/call::a_manager_answers_on_the_phone_and_nothing_is_kept_of_the_shopper`.
//! 8. A number on a page says what it is, how many ratings stand behind it, and what was left out:
//!    `tests/hub::the_dashboard_says_what_stands_behind_its_numbers`.

#[cfg(feature = "program")]
pub mod carried;
#[cfg(feature = "program")]
pub mod clock;
#[cfg(feature = "program")]
pub mod config;
pub mod digits;
#[cfg(feature = "program")]
pub mod escape;
pub mod feedback;
#[cfg(feature = "program")]
pub mod file;
#[cfg(feature = "program")]
pub mod finding;
#[cfg(any(feature = "kiosk", feature = "hub"))]
pub mod foreign;
#[cfg(feature = "hub")]
pub mod hub;
#[cfg(feature = "kiosk")]
pub mod kiosk;
#[cfg(feature = "program")]
pub mod owner;
#[cfg(feature = "program")]
pub mod program;
#[cfg(feature = "program")]
pub mod secret;
#[cfg(feature = "program")]
pub mod web;
pub mod wire;
#[cfg(feature = "program")]
pub mod words;
#[cfg(feature = "program")]
pub mod zones;
