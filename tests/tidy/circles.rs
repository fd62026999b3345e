//! Circles in a graph of files: who uses each other by whatever way round.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::Arrow;

/// Files that reach each other, and the shortest way round among them.
#[derive(Debug)]
pub(crate) struct Circle {
    pub(crate) files: Vec<String>,
    pub(crate) way: Vec<Arrow>,
}

impl std::fmt::Display for Circle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} files use each other: {}", self.files.len(), self.files.join(", "))?;
        for arrow in &self.way {
            writeln!(f, "    {}:{} uses {} of {}", arrow.from, arrow.line, arrow.name, arrow.to)?;
        }
        Ok(())
    }
}

/// Every knot of files; tests are left out, since they may look at whatever they test.
pub(crate) fn circles(arrows: &[Arrow]) -> Vec<Circle> {
    let mut uses: BTreeMap<&str, BTreeMap<&str, &Arrow>> = BTreeMap::new();
    for arrow in arrows.iter().filter(|arrow| !arrow.is_test) {
        uses.entry(&arrow.from).or_default().entry(&arrow.to).or_insert(arrow);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|file| (*file, reach(&uses, file))).collect();
    let mut done = BTreeSet::new();
    let mut found = Vec::new();
    for (file, reachable) in &reached {
        if !reachable.contains(file) || done.contains(file) {
            continue;
        }
        let knot: BTreeSet<&str> = reachable
            .iter()
            .copied()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(file)))
            .collect();
        done.extend(knot.iter().copied());
        let ways = knot.iter().filter_map(|start| way_round(&uses, start));
        let way = ways.min_by_key(Vec::len).unwrap_or_default();
        let files = knot.iter().map(|file| (*file).to_owned()).collect();
        found.push(Circle { files, way });
    }
    found
}

fn reach<'a>(uses: &BTreeMap<&'a str, BTreeMap<&'a str, &Arrow>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

fn way_round(uses: &BTreeMap<&str, BTreeMap<&str, &Arrow>>, start: &str) -> Option<Vec<Arrow>> {
    let mut came_by: BTreeMap<&str, &Arrow> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for (next, arrow) in uses.get(file).into_iter().flatten() {
            if came_by.contains_key(next) {
                continue;
            }
            came_by.insert(next, arrow);
            if *next == start {
                let mut way = vec![(*arrow).clone()];
                while way.last().is_some_and(|arrow| arrow.from != start) {
                    let last = way.last().map(|arrow| arrow.from.clone()).unwrap_or_default();
                    way.push((*came_by[last.as_str()]).clone());
                }
                way.reverse();
                return Some(way);
            }
            open.push_back(next);
        }
    }
    None
}
