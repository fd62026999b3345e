//! The lamps in the buttons and the buzzer beside them, through the same drivers.
//!
//! A lamp is lit while its button works. The pressed one blinks once; everything else is the same
//! for every face, so that nobody across the shop can tell the answer.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::Error;
use super::output::{Output, Switch};

/// How many signals can wait; further ones are dropped, since nobody needs old signals.
const SIGNALS_MAX: usize = 64;

/// How long the pressed lamp is dark.
const BLINK: Duration = Duration::from_millis(150);

/// How long the buzzer sounds.
const BUZZ: Duration = Duration::from_millis(60);

/// What lamps and buzzer show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Presses are taken.
    Ready,
    /// Presses are not taken, or the shop is closed.
    Off,
    /// The face with this score was pressed, 1 being the worst.
    Pressed(u8),
    /// An alert was raised, or is over.
    Alert(bool),
}

/// A handle on the lamps' thread; without lamps it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Lamps(Option<SyncSender<Signal>>);

impl Lamps {
    /// Shows a signal, or drops it when the lamps are far behind.
    pub fn show(&self, signal: Signal) {
        if let Some(signals) = &self.0 {
            let _ = signals.try_send(signal);
        }
    }

    /// Switches so many lamps by a driver's function, on a thread of their own, which leaves them
    /// dark when the last handle is dropped.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn start(lamps: usize, switch: Switch) -> Result<(Self, JoinHandle<()>), Error> {
        let (signals, inbox) = sync_channel(SIGNALS_MAX);
        let thread = std::thread::Builder::new().name("lamps".to_owned());
        let started = thread.spawn(move || light(&inbox, lamps, switch));
        let thread = started.map_err(|source| Error::Driver {
            action: "start the lamps' thread".to_owned(),
            source: Box::new(source),
        })?;
        Ok((Self(Some(signals)), thread))
    }
}

/// Switches the lamps until the last handle is dropped, and leaves them dark.
fn light(inbox: &Receiver<Signal>, lamps: usize, mut switch: Switch) {
    let (mut is_lit, mut is_alert) = (false, false);
    for signal in inbox {
        match signal {
            Signal::Ready | Signal::Off => {
                let is_ready = signal == Signal::Ready;
                if is_ready != is_lit {
                    (0..lamps).for_each(|lamp| switch(Output::Lamp(lamp), is_ready));
                    is_lit = is_ready;
                }
            }
            Signal::Alert(is_on) => {
                if is_on != is_alert {
                    switch(Output::Alert, is_on);
                    is_alert = is_on;
                }
            }
            Signal::Pressed(score) => {
                let lamp = Output::Lamp(usize::from(score).saturating_sub(1));
                switch(lamp, !is_lit);
                switch(Output::Buzzer, true);
                std::thread::sleep(BUZZ);
                switch(Output::Buzzer, false);
                std::thread::sleep(BLINK - BUZZ);
                switch(lamp, is_lit);
            }
        }
    }
    (0..lamps).for_each(|lamp| switch(Output::Lamp(lamp), false));
    if is_alert {
        switch(Output::Alert, false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is switched by these signals, in order.
    fn switched(signals: &[Signal]) -> Vec<(Output, bool)> {
        let (send, inbox) = sync_channel(SIGNALS_MAX);
        signals.iter().for_each(|signal| send.send(*signal).unwrap());
        drop(send);
        let list = Arc::new(Mutex::new(Vec::new()));
        let noted = list.clone();
        light(
            &inbox,
            2,
            Box::new(move |output, is_on| noted.lock().unwrap().push((output, is_on))),
        );
        let list = list.lock().unwrap();
        list.clone()
    }

    #[test]
    fn the_pressed_lamp_blinks_once_and_the_buzzer_is_the_same_for_every_face() {
        let (worst, best) = (Output::Lamp(0), Output::Lamp(1));
        let lit = [(worst, true), (best, true)];
        let dark = [(worst, false), (best, false)];
        let buzz = [(Output::Buzzer, true), (Output::Buzzer, false)];
        for (score, lamp) in [(1, worst), (2, best)] {
            let seen = switched(&[Signal::Ready, Signal::Ready, Signal::Pressed(score)]);
            let blink = [&[(lamp, false)], &buzz[..], &[(lamp, true)]].concat();
            assert_eq!(seen, [&lit[..], &blink, &dark].concat());
        }
    }

    #[test]
    fn the_alert_has_a_lamp_of_its_own_which_does_not_stay_lit_behind() {
        let seen = switched(&[Signal::Alert(true), Signal::Alert(true), Signal::Ready]);
        assert_eq!(seen.first(), Some(&(Output::Alert, true)));
        assert_eq!(seen.last(), Some(&(Output::Alert, false)));
        assert_eq!(seen.iter().filter(|(output, _)| *output == Output::Alert).count(), 2);
    }

    #[test]
    fn the_lamps_are_dark_while_nothing_is_recorded() {
        let seen = switched(&[Signal::Ready, Signal::Off]);
        assert_eq!(seen[2..4], [(Output::Lamp(0), false), (Output::Lamp(1), false)]);
    }
}
