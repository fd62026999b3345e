//! The alerts for the shop manager: many unhappy shoppers, no shoppers at all, or a call.

use super::{Attendant, Message, Summons, View};
use crate::feedback::alert::Alert;
use crate::feedback::call::Called;
use crate::feedback::event;
use crate::feedback::misuse::Reason;
use crate::feedback::rating::Rated;
use crate::feedback::visit::{Cue, Kept};
use crate::kiosk::buttons::Signal;
use crate::kiosk::desk::sheets::sheet::Alerts;

impl Attendant {
    /// Takes note of whether shoppers are expected: they are while the shop is open.
    pub(super) fn expect_shoppers(&mut self, is_open: bool) {
        if is_open != std::mem::replace(&mut self.alarm.is_expecting, is_open) {
            match is_open {
                true => self.alarm.watch.used(self.now()),
                false => self.alarm.watch.closed(),
            }
        }
    }

    /// Looks at a rating that was kept: fresh ones that count may raise an alert.
    pub(super) fn look_at_rating(&mut self, n: u32, rated: &Rated, at_ms: u64) {
        self.alarm.watch.used(at_ms);
        let misuse = rated.verdict.misuse;
        if let Some(replaced) =
            rated.replaces.filter(|_| misuse.is_none_or(|reason| reason == Reason::Held))
        {
            self.alarm.watch.taken_back(replaced, at_ms);
        }
        if misuse.is_none() {
            self.alarm.watch.rated(n, rated.score, at_ms);
        }
    }

    /// What somebody should look at now.
    pub(super) fn alerts(&self) -> Alerts {
        let quiet_ms = self.alarm.watch.quiet_ms(self.now());
        Alerts {
            unhappy: self.alarm.watch.alert(),
            over: self.alarm.watch.over(),
            quiet_h: quiet_ms.map(|ms| ms / 3_600_000),
            call: self.alarm.calls.call(),
            called_at: self.alarm.calls.call().and_then(|call| self.clock_at(call.since_ms)),
        }
    }

    /// What the shop's clocks said at an instant of this boot, in minutes after midnight.
    fn clock_at(&self, boot_ms: u64) -> Option<u16> {
        let ago = i64::try_from(self.now().saturating_sub(boot_ms)).ok()?;
        self.display.minute(self.believed_ms()? - ago)
    }

    /// Switches the mark and the lamp of an alert on or off when that changes.
    pub(super) fn tell_of_the_alert(&mut self) {
        let alerts = self.alerts();
        self.summon_to(&alerts);
        let is_raised = alerts.are_raised();
        if std::mem::replace(&mut self.alarm.is_told, is_raised) == is_raised {
            return;
        }
        match alerts {
            Alerts { call: Some(_), .. } => {
                tracing::info!("an alert is raised: a shopper asks for somebody");
            }
            Alerts { unhappy: Some(Alert { unhappy, ratings, .. }), .. } => {
                tracing::info!(unhappy, ratings, "an alert is raised: shoppers are unhappy");
            }
            Alerts { quiet_h: Some(hours), .. } => {
                tracing::warn!(hours, "an alert is raised: nobody presses, which is unusual");
            }
            _ => tracing::info!("the alert is over"),
        }
        self.out.lamps.show(Signal::Alert(is_raised));
        (self.out.show)(View::Alert(is_raised));
    }

    /// Tells staff once of each alert.
    fn summon_to(&mut self, alerts: &Alerts) {
        let now = (alerts.unhappy.is_some(), alerts.quiet_h.is_some());
        let before = std::mem::replace(&mut self.alarm.told_of, now);
        if now.0 && !before.0 {
            self.summon(Summons::Unhappy);
        }
        if let (Some(hours), false) = (alerts.quiet_h, before.1) {
            self.summon(Summons::Quiet(hours));
        }
    }

    /// Tells staff, the first of a kind at once and the others at their pace.
    fn summon(&mut self, summons: Summons) {
        let now = self.now();
        let pace = self.alarm.paces.get_mut(summons.kind());
        if let Some((summons, count)) = pace.and_then(|pace| pace.came(summons, now)) {
            (self.out.summon)(summons, count);
        }
    }

    /// Tells staff of what had to wait, once its time has come.
    pub(super) fn summon_late(&mut self, now: u64) {
        for (summons, count) in self.alarm.paces.iter_mut().filter_map(|pace| pace.take_due(now)) {
            (self.out.summon)(summons, count);
        }
    }

    /// Somebody goes to the shopper: calls that staff were not told of yet are answered too.
    fn answered(&mut self) {
        for kind in [Summons::Call.kind(), Summons::Missed.kind()] {
            if let Some(pace) = self.alarm.paces.get_mut(kind) {
                pace.forget();
            }
        }
    }

    /// A step of a call is on disk. Only then is the shopper who called promised anything.
    pub(super) fn call_kept(&mut self, called: Called, n: u32) {
        if called == Called::Asked {
            self.alarm.calls.asked(self.now());
            self.summon(Summons::Call);
            self.step(Cue::Kept { n, what: Kept::Call });
        }
    }

    /// Somebody is on the way to the shopper who called; false when no call waits for an answer.
    pub(super) fn come(&mut self) -> bool {
        let is_asked = self.alarm.calls.coming();
        if is_asked {
            self.answered();
            self.keep(event::Event::Called(Called::Coming), self.now());
            self.step(Cue::Coming);
        }
        is_asked
    }

    /// Writes down that nobody came, once the shopper has waited for long enough.
    pub(super) fn look_at_the_call(&mut self, now: u64) {
        if self.alarm.calls.run_out(now) {
            tracing::warn!("a shopper asked for somebody, and nobody answered");
            self.summon(Summons::Missed);
            self.keep(event::Event::Called(Called::Missed), now);
            self.step(Cue::Missed);
        }
    }

    /// Asks the clerk whether it is unusual that nobody presses, when that check is due.
    pub(super) fn look_at_the_quiet(&mut self, now: u64) {
        let Some(ms) = self.alarm.watch.take_due_look(now) else {
            return;
        };
        let events = self.messages.clone();
        let looked_up = self.desk.clerk.tell(move |clerk| {
            // When the journal cannot be read there is no alert; the next check is in an hour.
            let is_usual = clerk.look_up_usual_use(ms / 3_600_000).unwrap_or(false);
            let _ = events.send(Message::Usual(is_usual));
        });
        if let Err(error) = looked_up {
            tracing::debug!(%error, "whether the quiet is usual is looked up later");
        }
    }
}
