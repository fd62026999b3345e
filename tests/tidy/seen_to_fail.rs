//! Tests of the checks themselves: each check finds the one fault in a small crate.

use std::collections::BTreeMap;

use crate::circles::circles;
use crate::graph::Graph;
use crate::rooms::Walls;
use crate::{owners, slint};

/// The graph of a crate with these files, by their paths under `src`.
fn house(files: &[(&str, &str)]) -> Graph {
    let sources: BTreeMap<String, String> =
        files.iter().map(|(path, text)| (format!("src/{path}"), (*text).to_owned())).collect();
    let graph = Graph::read(&sources);
    assert_eq!((&graph.complaints, &graph.undeclared), (&Vec::new(), &Vec::new()));
    graph
}

/// The shortest circle of each group of files, without `src/`.
fn ways(files: &[(&str, &str)]) -> Vec<String> {
    let file = |path: &String| path.trim_start_matches("src/").to_owned();
    let way = |circle: &crate::circles::Circle| {
        circle.ways[0].iter().map(|arrow| file(&arrow.from)).collect::<Vec<_>>().join(" → ")
    };
    circles(&house(files).arrows()).iter().map(way).collect()
}

#[test]
fn a_circle_of_two_is_found() {
    let found = ways(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert_eq!(found, ["a.rs → b.rs"]);
}

#[test]
fn a_circle_of_three_through_a_re_export_is_found_without_the_facade() {
    let found = ways(&[
        ("lib.rs", "mod front; mod a; mod b;"),
        ("front.rs", "mod c; pub use c::*;"),
        ("front/c.rs", "use crate::a::A; pub struct C;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::front::C as Other; pub struct B;"),
    ]);
    assert_eq!(found, ["a.rs → b.rs → front/c.rs"]);
}

#[test]
fn a_circle_by_an_inline_path_is_found_even_inside_a_macro() {
    let found = ways(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn a() { crate::b::b() }"),
        ("b.rs", "pub fn b() { println!(\"{}\", [crate::a::a()].len()) }"),
    ]);
    assert_eq!(found, ["a.rs → b.rs"]);
}

#[test]
fn a_circle_by_nested_use_trees_and_super_is_found() {
    let found = ways(&[
        ("lib.rs", "mod room;"),
        ("room.rs", "mod a; mod b; mod c;"),
        ("room/a.rs", "use super::{b::{self, deep::{B, Other}}, c}; pub struct A;"),
        ("room/b.rs", "pub mod deep;"),
        ("room/b/deep.rs", "use super::super::c::{C}; pub struct B; pub struct Other;"),
        ("room/c.rs", "use crate::{room::{a::A as _}}; pub struct C;"),
    ]);
    assert_eq!(found, ["room/a.rs → room/b/deep.rs → room/c.rs"]);
}

#[test]
fn a_parent_and_its_child_that_use_each_other_are_a_circle() {
    let parent = "mod child; pub struct Parent; fn f() { child::g() }";
    let child = "use super::Parent; pub fn g() {}";
    let found =
        ways(&[("lib.rs", "mod parent;"), ("parent.rs", parent), ("parent/child.rs", child)]);
    assert_eq!(found, ["parent.rs → parent/child.rs"]);
}

#[test]
fn what_a_room_declares_shows_or_tests_closes_no_circle() {
    let found = ways(&[
        ("lib.rs", "pub mod parent; pub mod other;"),
        (
            "parent.rs",
            "mod child; pub use child::g; pub struct Parent;
            #[cfg(test)] mod tests { use super::child; fn f() { child::g() } }",
        ),
        ("parent/child.rs", "use crate::other; use super::Parent; pub fn g() { let other = 1; }"),
        ("other.rs", "pub use crate::parent::Parent; pub fn h(_: Parent) {}"),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_function_is_told_from_the_module_of_the_same_name() {
    let found = ways(&[
        ("lib.rs", "mod room;"),
        ("room.rs", "mod a; mod b; use self::a::a; fn f() { a(); b::b() }"),
        ("room/a.rs", "pub fn a() {} pub struct A;"),
        ("room/b.rs", "use super::a::A; pub fn b() {}"),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn twins_of_one_module_are_both_read() {
    let found = ways(&[
        ("lib.rs", "#[cfg(x)] mod a; #[cfg(not(x))] #[path = \"a_off.rs\"] mod a; mod b;"),
        ("a.rs", "pub struct A;"),
        ("a_off.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert_eq!(found, ["a_off.rs → b.rs"]);
}

const MAP: &str = "\
//! | room | what it is | may use |
//! |---|---|---|
//! | [`core`] | decides | nothing |
//! | [`shop`] | composes | `core`, its rooms |
//! | [`shop::till`] | takes | `core` |
//! | [`shop::shelf`] | shows | `till`, `shelf::board` |
//! | [`shop::shelf::board`] | holds | nothing |
//! | `src/bin/` | runs | `shop` |
";

/// What the walls of [`MAP`] say to a name in a file.
fn breaches(file: &str, name: &str) -> Vec<String> {
    let text = format!("fn f() {{ {name}() }}");
    let mut files = vec![
        ("lib.rs", "mod core; mod shop;"),
        ("core.rs", "pub fn c() {}"),
        ("shop.rs", "mod till; mod shelf; pub fn s() {}"),
        ("shop/till.rs", "pub fn t() {}"),
        ("shop/shelf.rs", "mod board; pub fn h() {}"),
        ("shop/shelf/board.rs", "pub fn b() {}"),
        ("bin/run.rs", "fn main() {}"),
    ];
    let changed = files.iter_mut().find(|(path, _)| *path == file).unwrap();
    let whole = format!("{} {text}", changed.1);
    changed.1 = &whole;
    Walls::read(MAP).breaches(&house(&files).arrows())
}

#[test]
fn a_forbidden_arrow_is_found() {
    for (file, name) in [
        ("core.rs", "crate::shop::s"),
        ("shop/till.rs", "super::shelf::h"),
        ("shop/till.rs", "super::s"),
        ("shop/shelf.rs", "crate::core::c"),
        ("shop/shelf/board.rs", "super::h"),
        ("shop/shelf/board.rs", "crate::shop::till::t"),
        ("bin/run.rs", "smilepost::core::c"),
    ] {
        assert_eq!(breaches(file, name).len(), 1, "{file}: {name}");
    }
    for (file, name) in [
        ("shop.rs", "till::t"),
        ("shop.rs", "self::shelf::board::b"),
        ("shop/till.rs", "crate::core::c"),
        ("shop/shelf.rs", "crate::shop::till::t"),
        ("shop/shelf.rs", "board::b"),
        ("bin/run.rs", "smilepost::shop::shelf::board::b"),
    ] {
        assert_eq!(breaches(file, name), Vec::<String>::new(), "{file}: {name}");
    }
}

#[test]
fn a_map_that_leads_in_a_circle_or_names_no_room_is_found() {
    let walls = Walls::read(MAP);
    assert_eq!(walls.complaints, Vec::<String>::new());
    assert_eq!(walls.circles(), Vec::<String>::new());
    let round = Walls::read(&MAP.replace("| takes | `core` |", "| takes | `core`, `shelf` |"));
    assert_eq!(round.circles(), ["shop::shelf", "shop::till"]);
    let astray = Walls::read(&MAP.replace("`till`, ", "`tills`, "));
    assert_eq!(astray.complaints, ["line 6: tills is no room"]);
    let further = Walls::read(&MAP.replace("composes | `core`, ", "composes | "));
    assert_eq!(further.beyond_their_house(), ["shop::till → core"]);
}

#[test]
fn a_name_that_another_room_owns_is_found() {
    let found = |file: &str, text: &str| {
        let lib = "mod kiosk; mod hub; mod feedback;";
        let mut files =
            vec![("lib.rs", lib), ("kiosk.rs", ""), ("hub.rs", ""), ("feedback.rs", "")];
        files.iter_mut().find(|(path, _)| *path == file).unwrap().1 = text;
        owners::breaches(&house(&files).externals()).len()
    };
    for (file, text) in [
        ("kiosk.rs", "use slint::Weak;"),
        ("kiosk.rs", "fn f() { let connection = rusqlite::Connection::open(x); }"),
        ("kiosk.rs", "use rusqlite::{self as database}; use std::fmt;"),
        ("kiosk.rs", "use std::env; fn f() { env::var(x) }"),
        ("kiosk.rs", "use argon2::Argon2; fn argon2() {}"),
        ("kiosk.rs", "use std::time; fn f() { time::SystemTime::now() }"),
        ("hub.rs", "#[derive(Debug, serde::Serialize)] struct A;"),
        ("feedback.rs", "use std::fs::File;"),
    ] {
        assert!(found(file, text) >= 1, "{file}: {text}");
    }
    for (file, text) in [
        ("kiosk.rs", "// slint::Weak would be wrong here."),
        ("kiosk.rs", "use std::env::temp_dir; use anyhow::Context as _;"),
        ("kiosk.rs", "fn f() { let slint = 1; }"),
        ("hub.rs", "use axum::Router;"),
        ("feedback.rs", "use std::fmt; #[cfg(test)] mod tests { use std::sync::Arc; }"),
    ] {
        assert_eq!(found(file, text), 0, "{file}: {text}");
    }
}

#[test]
fn a_word_that_the_core_does_without_and_a_long_line_are_found() {
    let found = |file: &str, text: &str| owners::lines(file, text).len();
    assert_eq!(found("src/feedback/visit.rs", "#[cfg(feature = \"kiosk\")]"), 1);
    assert_eq!(found("src/kiosk/visit.rs", "#[cfg(feature = \"kiosk\")]"), 0);
    assert_eq!(found("src/kiosk/visit.rs", &"x".repeat(101)), 1);
}

#[test]
fn a_circle_a_bridge_and_a_number_on_a_screen_are_found() {
    let sources: BTreeMap<String, String> = [
        ("ui/bridge.slint", "export global Bridge {}"),
        ("ui/components/a.slint", "import { Bridge } from \"../bridge.slint\";"),
        ("ui/components/b.slint", "import { C } from \"../pages/c.slint\";"),
        (
            "ui/pages/c.slint",
            "import { Bridge } from \"../bridge.slint\";
            import { B } from \"../components/b.slint\";",
        ),
    ]
    .iter()
    .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
    .collect();
    let imports = slint::imports(&sources);
    let circle = &circles(&imports)[0].files;
    assert_eq!(circle, &["ui/components/b.slint", "ui/pages/c.slint"]);
    assert_eq!(slint::bridge_readers(&imports), ["ui/components/a.slint:1: knows a bridge"]);

    for line in [
        "color: #fff;",
        "animate x { duration: 300ms; }",
        "interval: 2s;",
        "width: 14.8 * root.u;",
        "height: 3px;",
        "x: Theme.gap + 2 * u;",
    ] {
        assert_eq!(slint::numbers("ui/pages/ask.slint", line).len(), 1, "{line}");
        assert_eq!(slint::numbers("ui/theme.slint", line).len(), 0, "{line}");
    }
    for line in [
        "width: 100%;",
        "x: (root.width - self.width) / 2;",
        "x: 0px;",
        "font-size: Theme.text-2;",
        "commands: \"M 30 77 #\"; // 3px",
        "font-weight: 600;",
    ] {
        assert_eq!(slint::numbers("ui/pages/ask.slint", line).len(), 0, "{line}");
    }
    assert_eq!(slint::numbers("ui/components/face.slint", "x: 3px;").len(), 0);
}
