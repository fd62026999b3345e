//! The connections that are open at a listener, and which of them gives way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::web::limits::Limits;
use crate::web::net::Net;

/// What a connection does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing that anybody asked for: it has not sent a request yet, not all of its headers, or
    /// takes its answer.
    Silence = 0,
    /// It sends the body of a request.
    Sending = 1,
    /// Its request is complete and is answered.
    Asking = 2,
}

/// What is known of one connection, by itself and by the listener.
#[derive(Debug)]
pub(super) struct Life {
    doing: AtomicU8,
    /// When it last got anywhere, in the order of everything at this listener.
    stirred: AtomicU64,
    turn: Arc<AtomicU64>,
}

impl Life {
    fn new(turn: Arc<AtomicU64>) -> Self {
        let life = Self { doing: AtomicU8::new(0), stirred: AtomicU64::new(0), turn };
        life.stir();
        life
    }

    /// Notes that the connection got somewhere. What trickles in is no progress.
    pub(super) fn stir(&self) {
        self.stirred.store(self.turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Notes what the connection does from now on.
    pub(super) fn does(&self, doing: Doing) {
        self.doing.store(doing as u8, Ordering::Relaxed);
        self.stir();
    }

    fn is(&self, doing: Doing) -> bool {
        self.doing.load(Ordering::Relaxed) == doing as u8
    }
}

struct Entry {
    net: Net,
    life: Arc<Life>,
    task: JoinHandle<()>,
}

/// Every connection of a listener.
pub(super) struct Open {
    limits: Limits,
    turn: Arc<AtomicU64>,
    entries: Vec<Entry>,
}

impl Open {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, turn: Arc::default(), entries: Vec::new() }
    }

    /// How many connections there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many there are that have not ended.
    pub(super) fn count_anew(&mut self) -> usize {
        self.entries.retain(|entry| !entry.task.is_finished());
        self.entries.len()
    }

    /// Makes room for a connection from this net; none where every other one is being answered.
    pub(super) fn make_room(&mut self, net: Net) -> Option<Arc<Life>> {
        self.count_anew();
        let of_one = self.entries.iter().filter(|entry| entry.net == net).count();
        if of_one >= self.limits.connections_of_one_max && !self.close_one(Some(net)) {
            return None;
        }
        self.make_room_for_many()
    }

    /// The same for a proxy, which comes for many.
    pub(super) fn make_room_for_many(&mut self) -> Option<Arc<Life>> {
        self.count_anew();
        if self.entries.len() >= self.limits.connections_max && !self.close_one(None) {
            return None;
        }
        Some(Arc::new(Life::new(Arc::clone(&self.turn))))
    }

    pub(super) fn add(&mut self, net: Net, life: Arc<Life>, task: JoinHandle<()>) {
        self.entries.push(Entry { net, life, task });
    }

    /// Closes a connection that is not being answered, if there is one.
    pub(super) fn close_silent(&mut self) {
        self.count_anew();
        self.close_one(None);
    }

    /// Closes the connection that gives way: a silent one before one that sends, one of the net
    /// that has most of them, and of these the one that got nowhere for longest.
    fn close_one(&mut self, of: Option<Net>) -> bool {
        let mut counts = BTreeMap::<Net, usize>::new();
        for entry in &self.entries {
            *counts.entry(entry.net).or_default() += 1;
        }
        let gives_way = [Doing::Silence, Doing::Sending].into_iter().find_map(|doing| {
            let is_meant = |entry: &Entry| of.is_none_or(|net| entry.net == net);
            let entries = self.entries.iter().enumerate();
            let meant = entries.filter(|(_, entry)| is_meant(entry) && entry.life.is(doing));
            let rank = |entry: &Entry| {
                let count = counts.get(&entry.net).copied().unwrap_or_default();
                (std::cmp::Reverse(count), entry.life.stirred.load(Ordering::Relaxed))
            };
            meant.min_by_key(|(_, entry)| rank(entry)).map(|(at, _)| at)
        });
        let Some(at) = gives_way else {
            return false;
        };
        self.entries.swap_remove(at).task.abort();
        true
    }

    /// Waits until every connection has ended, and ends those that have not by then.
    pub(super) async fn finish(self, grace: Duration) {
        let mut tasks: Vec<_> = self.entries.into_iter().map(|entry| entry.task).collect();
        let all = async {
            for task in &mut tasks {
                let _ = task.await;
            }
        };
        let _ = tokio::time::timeout(grace, all).await;
        tasks.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn open(connections_max: usize, connections_of_one_max: usize) -> Open {
        Open::new(Limits {
            connections_max,
            connections_of_one_max,
            requests_max: 1,
            handshake: SECOND,
            headers: SECOND,
            body: SECOND,
            answer: SECOND,
            write: SECOND,
            life: SECOND,
            linger: SECOND,
        })
    }

    fn net(last: u8) -> Net {
        std::net::IpAddr::from([192, 0, 2, last]).into()
    }

    /// Lets somebody in, for ever, and returns what is known of the connection.
    fn come(open: &mut Open, last: u8) -> Option<Arc<Life>> {
        let life = open.make_room(net(last))?;
        open.add(net(last), Arc::clone(&life), tokio::spawn(std::future::pending()));
        Some(life)
    }

    fn is_open(open: &Open, life: &Arc<Life>) -> bool {
        open.entries.iter().any(|entry| Arc::ptr_eq(&entry.life, life))
    }

    #[tokio::test]
    async fn whoever_has_been_silent_longest_gives_way_to_a_new_one() {
        let mut open = open(3, 3);
        let lives: Vec<_> = (0..3).map(|_| come(&mut open, 1).unwrap()).collect();
        lives[0].stir();
        let _ = come(&mut open, 2).unwrap();
        assert_eq!(
            lives.iter().map(|life| is_open(&open, life)).collect::<Vec<_>>(),
            [true, false, true]
        );
    }

    #[tokio::test]
    async fn whoever_is_being_answered_gives_way_to_nobody() {
        let mut open = open(2, 2);
        let lives: Vec<_> = (0..2).map(|_| come(&mut open, 1).unwrap()).collect();
        lives[0].does(Doing::Asking);
        lives[1].does(Doing::Sending);
        assert!(come(&mut open, 2).is_some_and(|new| {
            new.does(Doing::Asking);
            true
        }));
        assert!(is_open(&open, &lives[0]) && !is_open(&open, &lives[1]));
        assert!(come(&mut open, 2).is_none());
        lives[0].does(Doing::Silence);
        assert!(come(&mut open, 2).is_some());
    }

    #[tokio::test]
    async fn who_has_most_connections_loses_one_and_its_own_limit_costs_nobody_else() {
        let mut open = open(4, 3);
        let honest = come(&mut open, 1).unwrap();
        let rude: Vec<_> = (0..3).map(|_| come(&mut open, 2).unwrap()).collect();
        let _ = come(&mut open, 2).unwrap();
        assert!(is_open(&open, &honest) && !is_open(&open, &rude[0]));
        let _ = come(&mut open, 3).unwrap();
        assert!(is_open(&open, &honest) && !is_open(&open, &rude[1]));
        assert_eq!(open.count(), 4);
    }
}
