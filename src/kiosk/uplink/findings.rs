//! What head office is told of the kiosk's health, and whether it knows it already.

use tokio::sync::watch;

use crate::wire::delivery::Finding;

/// What was found, and what head office knows of it.
pub(super) struct Findings {
    found: watch::Receiver<Option<Vec<Finding>>>,
    /// What the last delivery brought.
    sent: Option<Vec<Finding>>,
    /// What the hub has confirmed.
    known: Option<Vec<Finding>>,
    /// The epoch of the hub that has.
    epoch: Option<u64>,
}

impl Findings {
    pub(super) const fn new(found: watch::Receiver<Option<Vec<Finding>>>) -> Self {
        Self { found, sent: None, known: None, epoch: None }
    }

    /// What the next delivery brings: nothing where the hub knows it.
    pub(super) fn news(&mut self) -> Option<Vec<Finding>> {
        let found = self.found.borrow().clone();
        self.sent = found.filter(|found| self.known.as_ref() != Some(found));
        self.sent.clone()
    }

    /// The hub of this epoch has confirmed the last delivery. One that was restored from a backup
    /// may know less than it did.
    pub(super) fn settled(&mut self, epoch: u64) {
        let is_other = self.epoch.replace(epoch).is_some_and(|before| before != epoch);
        match self.sent.take() {
            Some(sent) => self.known = Some(sent),
            None if is_other => self.known = None,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_office_is_told_what_it_does_not_know() {
        let finding = |text: &str| Finding { is_wrong: true, text: text.to_owned() };
        let (found, told) = watch::channel(None);
        let mut findings = Findings::new(told);
        assert_eq!(findings.news(), None, "nothing was examined yet");
        findings.settled(7);
        found.send_replace(Some(vec![finding("a")]));
        assert_eq!(findings.news(), Some(vec![finding("a")]));
        // The delivery was lost.
        assert_eq!(findings.news(), Some(vec![finding("a")]));
        findings.settled(7);
        assert_eq!(findings.news(), None);
        found.send_replace(Some(Vec::new()));
        assert_eq!(findings.news(), Some(Vec::new()), "it is cured");
        findings.settled(7);
        assert_eq!(findings.news(), None);
        findings.settled(8);
        assert_eq!(findings.news(), Some(Vec::new()), "a hub from a backup");
    }
}
