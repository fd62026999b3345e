//! Circles in a graph of files: files that use each other, directly or indirectly.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::Arrow;

/// For each file the files that it uses, with the first arrow to each.
type Uses<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Arrow>>;

/// Files that reach each other, and the circles among them, the shortest first.
#[derive(Debug)]
pub(crate) struct Circle {
    pub(crate) files: Vec<String>,
    /// No arrow is in two of them; without their arrows no circle is left.
    pub(crate) ways: Vec<Vec<Arrow>>,
}

impl std::fmt::Display for Circle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} files use each other: {}", self.files.len(), self.files.join(", "))?;
        for way in &self.ways {
            for Arrow { from, to, line, name, .. } in way {
                writeln!(f, "    {from}:{line} uses {name} of {to}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Every knot of files; tests are left out, since they may look at whatever they test.
pub(crate) fn circles(arrows: &[Arrow]) -> Vec<Circle> {
    let mut uses = Uses::new();
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
        let mut left = uses.clone();
        let mut ways = Vec::new();
        while let Some(way) = shortest(&left, &knot) {
            for arrow in &way {
                if let Some(uses) = left.get_mut(arrow.from.as_str()) {
                    uses.remove(arrow.to.as_str());
                }
            }
            ways.push(way.into_iter().cloned().collect());
        }
        let files = knot.iter().map(|file| (*file).to_owned()).collect();
        found.push(Circle { files, ways });
    }
    found
}

fn reach<'a>(uses: &Uses<'a>, from: &str) -> BTreeSet<&'a str> {
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

fn shortest<'a>(uses: &Uses<'a>, knot: &BTreeSet<&'a str>) -> Option<Vec<&'a Arrow>> {
    knot.iter().filter_map(|start| way_round(uses, start)).min_by_key(Vec::len)
}

/// The shortest way from a file back to itself.
fn way_round<'a>(uses: &Uses<'a>, start: &str) -> Option<Vec<&'a Arrow>> {
    let mut came_by: BTreeMap<&str, &Arrow> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for (next, arrow) in uses.get(file).into_iter().flatten() {
            if came_by.contains_key(next) {
                continue;
            }
            came_by.insert(next, arrow);
            if *next == start {
                let mut way = vec![*arrow];
                while way[way.len() - 1].from != start {
                    way.push(came_by[way[way.len() - 1].from.as_str()]);
                }
                way.reverse();
                return Some(way);
            }
            open.push_back(next);
        }
    }
    None
}
