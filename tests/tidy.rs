//! Checks of the architecture, the walls: which file and room may use which, and which room alone
//! may use each outside world.
//!
//! The rules are data, and those about rooms are the tables in `src/lib.rs`. A breach is reported
//! by file, line and rule. Files that git ignores break nothing.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/graph.rs"]
mod graph;
#[path = "tidy/owners.rs"]
mod owners;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/seen_to_fail.rs"]
mod seen_to_fail;
#[path = "tidy/slint.rs"]
mod slint;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use circles::circles;
use graph::Graph;
use rooms::Walls;

/// What may be at the top of the tree.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benches",
    "build.rs",
    "cross.toml",
    "deny.toml",
    "docs",
    "src",
    "systemd",
    "tests",
    "ui",
];

/// File names that say nothing, or for which we use another word.
const NAMELESS: &[&str] = &["utils", "util", "common", "helpers", "misc", "store", "manager"];

/// Every file that belongs to the project: what git tracks and is still there.
fn tracked() -> Vec<String> {
    listed(&["ls-files", "-z"])
}

/// The files of a folder with an ending, and their content; also files that are not yet tracked,
/// since a module may be new.
fn sources(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let files = listed(&["ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]);
    let is_asked =
        |file: &String| file.starts_with(&format!("{folder}/")) && file.ends_with(ending);
    let sources: BTreeMap<_, _> = files
        .into_iter()
        .filter(is_asked)
        .map(|file| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            (file, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(!sources.is_empty(), "no *{ending} under {folder}");
    sources
}

/// The files that git lists and that are there.
fn listed(arguments: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let files: Vec<String> = match output.ok().filter(|output| output.status.success()) {
        Some(output) => {
            String::from_utf8(output.stdout).unwrap().split('\0').map(str::to_owned).collect()
        }
        // A source archive has no git, and holds only files of the project.
        None => ["src", "ui", "tests"].iter().flat_map(|folder| walk(folder)).collect(),
    };
    files.into_iter().filter(|file| root.join(file).is_file()).collect()
}

fn walk(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn map() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap()
}

/// Fails with all complaints; if `SMILEPOST_TIDY_REPORT` is set, it prints them too.
fn none(what: &str, complaints: &[String]) {
    if std::env::var_os("SMILEPOST_TIDY_REPORT").is_some() {
        println!("\n## {what}: {}\n{}", complaints.len(), complaints.join("\n"));
    }
    assert!(complaints.is_empty(), "{what}:\n{}", complaints.join("\n"));
}

#[test]
fn the_way_of_a_press_names_lines_that_are_there() {
    let mut complaints = Vec::new();
    let mut steps = 0;
    for line in map().lines() {
        let parts: Vec<_> = line.split('`').collect();
        let &[number, place, " ", there, _] = &parts[..] else { continue };
        let Some((file, at)) = place.split_once(':') else { continue };
        let (Ok(at), true) = (at.parse::<usize>(), number.ends_with(". ")) else { continue };
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        let text = text.unwrap_or_default();
        steps += 1;
        if !text.lines().nth(at - 1).is_some_and(|line| line.contains(there)) {
            let found = (1..).zip(text.lines()).find(|(_, line)| line.contains(there));
            let now = found.map_or("nowhere".to_owned(), |(now, _)| format!("line {now}"));
            complaints.push(format!("{place}: `{there}` is {now}"));
        }
    }
    none("the way of a press in src/lib.rs", &complaints);
    assert_eq!(steps, 8, "eight files tell the way of a press");
}

#[test]
fn no_file_uses_another_that_uses_it() {
    let graph = Graph::read(&sources("src", ".rs"));
    let tracked = tracked();
    let is_tracked = |file: &&String| tracked.contains(*file);
    let undeclared = graph.undeclared.iter().filter(is_tracked);
    let undeclared = undeclared.map(|file| format!("{file}: no module declares it"));
    none("modules", &graph.complaints.iter().cloned().chain(undeclared).collect::<Vec<_>>());
    let circles = circles(&graph.arrows());
    let report: Vec<_> = circles.iter().map(ToString::to_string).collect();
    none("circles of files", &report);
}

#[test]
fn rooms_use_only_what_the_map_allows() {
    let graph = Graph::read(&sources("src", ".rs"));
    let walls = Walls::read(&map());
    none("forbidden arrows", &walls.breaches(&graph.arrows()));
}

#[test]
fn the_map_is_whole_and_says_no_more_than_there_is() {
    let sources = sources("src", ".rs");
    let walls = Walls::read(&map());
    let mut complaints = walls.complaints.clone();
    let modules: Vec<_> = sources.keys().map(|file| rooms::module_of(file)).collect();
    for room in walls.rooms.keys().filter(|room| room.as_str() != "bin") {
        if !modules.contains(room) {
            complaints.push(format!("{room} is no file"));
        }
    }
    for module in &modules {
        let is_house = |house: &&str| module.starts_with(&format!("{house}::"));
        let is_inside = ["feedback", "hub", "kiosk"].iter().any(is_house);
        let depth = if is_inside { 2 } else { 1 };
        let is_room = module != "lib" && module.split("::").count() <= depth;
        if is_room && !module.starts_with("bin") && !walls.rooms.contains_key(module) {
            complaints.push(format!("{module} has no row"));
        }
    }
    complaints.extend(walls.circles().iter().map(|room| format!("{room} leads back to itself")));
    complaints.extend(walls.beyond_their_house());
    let arrows = Graph::read(&sources).arrows();
    complaints.extend(walls.unused(&arrows).iter().map(|arrow| format!("nobody uses {arrow}")));
    none("the map", &complaints);
}

#[test]
fn each_outside_world_has_its_owner() {
    let graph = Graph::read(&sources("src", ".rs"));
    let externals = graph.externals();
    none("owners", &owners::breaches(&externals));
    none("idle owners", &owners::idle(&externals));
}

#[test]
fn the_core_is_pure() {
    let sources = sources("src", ".rs");
    let externals = Graph::read(&sources).externals();
    let is_core = |file: &str| file.starts_with("src/feedback");
    let core: Vec<_> = externals.into_iter().filter(|name| is_core(&name.file)).collect();
    assert!(!core.is_empty());
    none("the core", &owners::breaches(&core));
    let texts = sources.iter().filter(|(file, _)| is_core(file));
    none(
        "the core's words",
        &texts.flat_map(|(f, text)| owners::lines(f, text)).collect::<Vec<_>>(),
    );
}

#[test]
fn no_line_is_too_long_to_read() {
    let all = sources("src", ".rs").into_iter().chain(sources("tests", ".rs"));
    let breaches: Vec<_> = all.flat_map(|(file, text)| owners::lines(&file, &text)).collect();
    none("lines", &breaches);
}

#[test]
fn the_top_of_the_tree_holds_what_tools_need_and_no_more() {
    let tracked = tracked();
    let mut complaints = Vec::new();
    for file in &tracked {
        let top = file.split('/').next().unwrap_or(file);
        if !TOP_LEVEL.contains(&top) {
            complaints.push(format!("{file} does not belong at the top"));
        }
        let is_ours = (file.starts_with("src/") && file.ends_with(".rs"))
            || (file.starts_with("ui/") && file.ends_with(".slint"));
        let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
        if is_ours && (stem == "mod" || NAMELESS.contains(&stem.as_ref())) {
            complaints.push(format!("{file} has a name that says nothing"));
        }
    }
    none("the top of the tree", &complaints);
}

#[test]
fn no_screen_imports_another_that_imports_it() {
    let imports = slint::imports(&sources("ui", ".slint"));
    let circles: Vec<_> = circles(&imports).iter().map(ToString::to_string).collect();
    none("circles of screens", &circles);
}

#[test]
fn components_know_no_bridge() {
    let imports = slint::imports(&sources("ui", ".slint"));
    none("bridges", &slint::bridge_readers(&imports));
}

#[test]
fn every_colour_size_and_duration_of_the_screens_is_named_in_the_theme() {
    let sources = sources("ui", ".slint");
    let numbers: Vec<_> = sources.iter().flat_map(|(f, text)| slint::numbers(f, text)).collect();
    none("numbers on screens", &numbers);
}

#[test]
fn whatever_can_be_touched_has_a_role_a_label_and_an_action() {
    for (file, text) in sources("ui/components", ".slint") {
        // These are parts of components, which have the label; the background has no action.
        let parts = ["target.slint", "paper.slint", "background.slint", "long_press.slint"];
        let is_part = parts.iter().any(|part| file.ends_with(part));
        if (text.contains("TouchArea") || text.contains("Target {")) && !is_part {
            for handle in
                ["accessible-role: button", "accessible-label", "accessible-action-default"]
            {
                assert!(text.contains(handle), "{file} lacks {handle}");
            }
        }
    }
}

#[test]
fn every_test_that_the_map_names_is_there() {
    let map = map();
    let all = sources("tests", ".rs").into_values().chain(sources("src", ".rs").into_values());
    let all: String = all.collect();
    let named = map.split('`').skip(1).step_by(2).filter(|name| name.contains("tests"));
    let named: Vec<_> = named.filter_map(|name| name.rsplit_once("::")).collect();
    assert!(named.len() >= 6, "{named:?}");
    for (_, test) in named {
        assert!(all.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}
