//! The walls: the tables of rooms in `src/lib.rs`, read as rules.
//!
//! A row names a room, says what it is, and lists what it may use: a room beside it by its short
//! name, any other from the outside inwards (`crate::` where a name exists in both places). A house
//! (`feedback`, `kiosk`) stands for all its rooms; an inner room stands for itself, so that
//! `archive` lets nobody into `archive::sqlite`.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Arrow;

/// What every room may use, as the map says it.
#[derive(Debug, Default)]
pub(crate) struct Walls {
    pub(crate) rooms: BTreeMap<String, BTreeSet<String>>,
    /// Invalid rows, and unknown rooms in them.
    pub(crate) complaints: Vec<String>,
}

/// The room of the programs, whose files have no module path of their own.
const PROGRAMS: &str = "bin";

impl Walls {
    /// Reads the tables in a module's documentation.
    pub(crate) fn read(map: &str) -> Walls {
        let mut walls = Walls::default();
        let mut rows = Vec::new();
        for (number, line) in (1..).zip(map.lines()) {
            let Some(row) = line.strip_prefix("//! |") else { continue };
            let cells: Vec<_> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
            let [name, what, uses] = cells[..] else {
                if !row.starts_with("---") {
                    walls.complaints.push(format!("line {number}: a row has three cells"));
                }
                continue;
            };
            if uses == "may use" {
                continue;
            }
            let name = words(name).next().unwrap_or_default().to_owned();
            let name = if name == "src/bin/" { PROGRAMS.to_owned() } else { name };
            if name.is_empty() || what.is_empty() {
                walls.complaints.push(format!("line {number}: a room without name or meaning"));
            }
            rows.push((number, name, uses));
        }
        let names: BTreeSet<_> = rows.iter().map(|(_, name, _)| name.clone()).collect();
        for (number, name, uses) in rows {
            let mut allowed = BTreeSet::new();
            for word in words(uses) {
                match find(&names, &name, word) {
                    Some(room) => drop(allowed.insert(room)),
                    None => walls.complaints.push(format!("line {number}: {word} is no room")),
                }
            }
            if uses.contains("its rooms") {
                let inside = format!("{name}::");
                allowed.extend(names.iter().filter(|room| room.starts_with(&inside)).cloned());
            }
            if allowed.is_empty() && uses != "nothing" {
                walls.complaints.push(format!("line {number}: say `nothing`, or name rooms"));
            }
            if walls.rooms.insert(name.clone(), allowed).is_some() {
                walls.complaints.push(format!("line {number}: {name} has a row already"));
            }
        }
        walls
    }

    /// The innermost room that a file belongs to; none for the root of the library.
    pub(crate) fn room_of(&self, file: &str) -> Option<&str> {
        let module = module_of(file);
        let is_inside = |room: &&String| {
            module == **room
                || module.strip_prefix(*room).is_some_and(|rest| rest.starts_with("::"))
        };
        self.rooms.keys().filter(is_inside).max_by_key(|room| room.len()).map(String::as_str)
    }

    /// Whether the map lets one room use another.
    fn allows(&self, from: &str, to: &str) -> bool {
        self.rooms.get(from).is_some_and(|allowed| {
            allowed.iter().any(|room| {
                room == to || !room.contains("::") && to.starts_with(&format!("{room}::"))
            })
        })
    }

    /// Every arrow that goes through a wall: the first from each file to each room.
    pub(crate) fn breaches(&self, arrows: &[Arrow]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut breaches = Vec::new();
        for arrow in arrows {
            let (Some(from), Some(to)) = (self.room_of(&arrow.from), self.room_of(&arrow.to))
            else {
                let is_root = arrow.from == "src/lib.rs" || arrow.to == "src/lib.rs";
                if !is_root {
                    let Arrow { from, to, .. } = arrow;
                    breaches.push(format!("{from} or {to} belongs to no room of the map"));
                }
                continue;
            };
            // Tests may use everything in their house, but nothing that their house may not use.
            let is_allowed = if arrow.is_test {
                house(from) == house(to) || self.allows(house(from), house(to))
            } else {
                from == to || self.allows(from, to)
            };
            if !is_allowed && seen.insert((&arrow.from, to)) {
                let Arrow { line, name, .. } = arrow;
                breaches.push(format!("{}:{line}: {from} may not use {to} ({name})", arrow.from));
            }
        }
        breaches
    }

    /// What the map allows and no file uses.
    pub(crate) fn unused(&self, arrows: &[Arrow]) -> Vec<String> {
        let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
        for arrow in arrows.iter().filter(|arrow| !arrow.is_test) {
            if let (Some(from), Some(to)) = (self.room_of(&arrow.from), self.room_of(&arrow.to)) {
                used.insert((from, to));
                used.insert((from, house(to)));
            }
        }
        let mut unused = Vec::new();
        for (from, allowed) in &self.rooms {
            let is_inside = |to: &str| to.starts_with(&format!("{from}::"));
            let is_of_a_room_inside = |to: &str| {
                let is_same = |room: &str| room == to || house(room) == to;
                used.iter().any(|(user, room)| is_inside(user) && is_same(room))
            };
            let is_idle = |to: &&String| {
                let is_used = used.contains(&(from.as_str(), to.as_str()));
                !is_used && !is_inside(to) && !is_of_a_room_inside(to)
            };
            unused.extend(allowed.iter().filter(is_idle).map(|to| format!("{from} → {to}")));
        }
        unused
    }

    /// Rooms that the map allows to use each other, directly or indirectly.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut circles = Vec::new();
        for start in self.rooms.keys() {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(room) = open.pop() {
                for next in &self.rooms[room] {
                    if reached.insert(next) {
                        open.push(next);
                    }
                }
            }
            if reached.contains(start) {
                circles.push(start.clone());
            }
        }
        circles
    }

    /// What an inner room may use of other houses, although its house may not.
    pub(crate) fn beyond_their_house(&self) -> Vec<String> {
        let mut beyond = Vec::new();
        for (room, allowed) in self.rooms.iter().filter(|(room, _)| room.contains("::")) {
            let is_beyond =
                |to: &&String| house(to) != house(room) && !self.allows(house(room), house(to));
            beyond.extend(allowed.iter().filter(is_beyond).map(|to| format!("{room} → {to}")));
        }
        beyond
    }
}

/// `kiosk::desk::counts` for `src/kiosk/desk/counts.rs`.
pub(crate) fn module_of(file: &str) -> String {
    let module = file.strip_prefix("src/").unwrap_or(file);
    module.strip_suffix(".rs").unwrap_or(module).replace('/', "::")
}

fn house(room: &str) -> &str {
    room.split("::").next().unwrap_or(room)
}

/// The room that a word in a row means: inside that row's room, beside it, or further out.
fn find(names: &BTreeSet<String>, row: &str, word: &str) -> Option<String> {
    if let Some(outside) = word.strip_prefix("crate::") {
        return names.contains(outside).then(|| outside.to_owned());
    }
    let mut around = row;
    loop {
        let candidate = format!("{around}::{word}");
        if names.contains(&candidate) {
            return Some(candidate);
        }
        match around.rsplit_once("::") {
            Some((outer, _)) => around = outer,
            None => return names.contains(word).then(|| word.to_owned()),
        }
    }
}

/// The texts between backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
