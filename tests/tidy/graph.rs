//! Which file uses which: the `use` graph of a crate, read from its sources with `syn`.
//!
//! An arrow leads from the file that names an item to the file that defines it, wherever the name
//! is written: in a `use` tree, in an inline path, inside a macro. Re-exports are followed, so the
//! file that only re-exports a name is not an end of the arrow. `mod child;` and `pub use
//! child::Name;` say what a room contains and exports; they are not arrows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A name that one file takes from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) line: usize,
    /// The name as it is written, for complaints.
    pub(crate) name: String,
    /// Whether it is written in a test module, which may use whatever it tests.
    pub(crate) is_test: bool,
}

/// A name from another crate.
#[derive(Clone, Debug)]
pub(crate) struct External {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// The whole path, with local short names replaced: `std::env::var` for `env::var`.
    pub(crate) path: String,
    pub(crate) is_derived: bool,
    pub(crate) is_test: bool,
}

/// The modules of a crate and of the programs that use it, by their sources.
#[derive(Default)]
pub(crate) struct Graph {
    modules: Vec<Module>,
    /// Files that are not valid Rust, and declarations of missing files.
    pub(crate) complaints: Vec<String>,
    /// Files that no module declares.
    pub(crate) undeclared: Vec<String>,
}

#[derive(Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    is_test: bool,
    children: Vec<(String, usize)>,
    /// What is defined here, and whether `::` may follow its name, as it may a type's.
    items: BTreeMap<String, bool>,
    imports: Vec<Import>,
    names: Vec<Name>,
}

/// What a `use` brings into a module; no name stands for all of them (`*`).
struct Import {
    name: Option<String>,
    path: Vec<String>,
}

/// A path as it is written somewhere in a module.
struct Name {
    path: Vec<String>,
    line: usize,
    is_test: bool,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Use,
    /// `pub use`; for a room's own child it only says what is public.
    ReExport,
    Derive,
    Elsewhere,
}

/// A `mod name;` whose file is still to be read.
struct Pending {
    parent: usize,
    name: String,
    candidates: Vec<(String, String)>,
    is_test: bool,
    line: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Target {
    Module(usize),
    Item(usize),
    External(Vec<String>),
}

/// The name by which programs call the library of the same package.
const LIBRARY: &str = "smilepost";

impl Graph {
    /// Reads the crate whose root is `src/lib.rs`, and the programs in `src/bin`.
    pub(crate) fn read(sources: &BTreeMap<String, String>) -> Graph {
        let mut graph = Graph::default();
        let mut seen = HashSet::new();
        let programs = sources.keys().filter(|path| path.starts_with("src/bin/"));
        for root in std::iter::once("src/lib.rs").chain(programs.map(String::as_str)) {
            let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
            graph.modules.push(Module { file: root.to_owned(), ..Module::default() });
            let mut pending = graph.fill(graph.modules.len() - 1, sources, folder);
            seen.insert(root.to_owned());
            while let Some(declared) = pending.pop() {
                let file = declared.candidates.iter().find(|(file, _)| sources.contains_key(file));
                let Some((file, folder)) = file else {
                    let parent = &graph.modules[declared.parent].file;
                    let complaint =
                        format!("{parent}:{}: no file for mod {}", declared.line, declared.name);
                    graph.complaints.push(complaint);
                    continue;
                };
                seen.insert(file.clone());
                let id = graph.modules.len();
                graph.modules.push(Module {
                    file: file.clone(),
                    parent: Some(declared.parent),
                    is_test: declared.is_test,
                    ..Module::default()
                });
                graph.modules[declared.parent].children.push((declared.name, id));
                pending.extend(graph.fill(id, sources, folder));
            }
        }
        graph.undeclared = sources.keys().filter(|file| !seen.contains(*file)).cloned().collect();
        graph
    }

    /// Every arrow between two files, once for each line.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = BTreeSet::new();
        for (id, module) in self.modules.iter().enumerate() {
            for name in &module.names {
                for target in self.resolve(id, &name.path, false, &mut Vec::new()) {
                    let Target::Item(defined) = target else { continue };
                    let to = &self.modules[defined].file;
                    let is_shown = name.place == Place::ReExport && self.is_inside(defined, id);
                    if *to != module.file && !is_shown {
                        arrows.insert(Arrow {
                            from: module.file.clone(),
                            to: to.clone(),
                            line: name.line,
                            name: name.path.join("::"),
                            is_test: name.is_test || module.is_test,
                        });
                    }
                }
            }
        }
        arrows.into_iter().collect()
    }

    /// Every name that comes from another crate.
    pub(crate) fn externals(&self) -> Vec<External> {
        let mut externals = Vec::new();
        for (id, module) in self.modules.iter().enumerate() {
            for name in &module.names {
                for target in self.resolve(id, &name.path, false, &mut Vec::new()) {
                    let Target::External(path) = target else { continue };
                    // A single word is a keyword, a local name, or what the prelude has.
                    if path.len() < 2 && !matches!(name.place, Place::Use | Place::ReExport) {
                        continue;
                    }
                    externals.push(External {
                        file: module.file.clone(),
                        line: name.line,
                        path: path.join("::"),
                        is_derived: name.place == Place::Derive,
                        is_test: name.is_test || module.is_test,
                    });
                }
            }
        }
        externals
    }

    fn fill(
        &mut self,
        id: usize,
        sources: &BTreeMap<String, String>,
        folder: &str,
    ) -> Vec<Pending> {
        let file = self.modules[id].file.clone();
        let parsed = match syn::parse_file(&sources[&file]) {
            Ok(parsed) => parsed,
            Err(error) => {
                let line = error.span().start().line;
                self.complaints.push(format!("{file}:{line}: cannot be parsed: {error}"));
                return Vec::new();
            }
        };
        let mut reader = Reader {
            is_test: self.modules[id].is_test,
            graph: self,
            current: id,
            file,
            folder: folder.to_owned(),
            pending: Vec::new(),
        };
        reader.visit_file(&parsed);
        reader.pending
    }

    /// Resolves a path that is written in a module. `is_followed` says that `::` comes after it,
    /// so that a function's name cannot be its end.
    fn resolve(
        &self,
        module: usize,
        path: &[String],
        is_followed: bool,
        open: &mut Vec<(usize, String)>,
    ) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let starts = match first.as_str() {
            "" => return vec![Target::External(rest.to_vec())],
            "Self" => return Vec::new(),
            "crate" => vec![Target::Module(self.root(module))],
            "self" => vec![Target::Module(module)],
            "super" => match self.modules[module].parent {
                Some(parent) => vec![Target::Module(parent)],
                None => return Vec::new(),
            },
            name => {
                let found = self.look_up(module, name, is_followed || !rest.is_empty(), open);
                if !found.is_empty() {
                    found
                } else if name == LIBRARY {
                    vec![Target::Module(0)]
                } else {
                    vec![Target::External(vec![name.to_owned()])]
                }
            }
        };
        self.walk(starts, rest, is_followed, open)
    }

    fn walk(
        &self,
        starts: Vec<Target>,
        rest: &[String],
        is_followed: bool,
        open: &mut Vec<(usize, String)>,
    ) -> Vec<Target> {
        let Some((next, after)) = rest.split_first() else { return starts };
        let mut ends = Vec::new();
        for start in starts {
            match start {
                Target::Item(_) => ends.push(start),
                Target::External(path) => {
                    ends.push(Target::External([path, rest.to_vec()].concat()));
                }
                Target::Module(id) if next == "super" => {
                    let parent = self.modules[id].parent.map(Target::Module);
                    let starts = parent.into_iter().collect();
                    ends.extend(self.walk(starts, after, is_followed, open));
                }
                Target::Module(id) => {
                    let found = self.look_up(id, next, is_followed || !after.is_empty(), open);
                    let is_open = open.iter().any(|(at, name)| *at == id && name == next);
                    if found.is_empty() && !is_open {
                        // A macro defines it: it belongs to the file of the macro.
                        ends.push(Target::Item(id));
                    } else {
                        ends.extend(self.walk(found, after, is_followed, open));
                    }
                }
            }
        }
        ends
    }

    fn look_up(
        &self,
        id: usize,
        name: &str,
        is_followed: bool,
        open: &mut Vec<(usize, String)>,
    ) -> Vec<Target> {
        let key = (id, name.to_owned());
        if open.contains(&key) {
            return Vec::new();
        }
        open.push(key);
        let module = &self.modules[id];
        let mut found = Vec::new();
        let children = module.children.iter().filter(|(child, _)| child == name);
        found.extend(children.map(|(_, child)| Target::Module(*child)));
        if module.items.get(name).is_some_and(|may_be_followed| *may_be_followed || !is_followed) {
            found.push(Target::Item(id));
        }
        let named = module.imports.iter().filter(|import| import.name.as_deref() == Some(name));
        for import in named {
            found.extend(self.resolve(id, &import.path, is_followed, open));
        }
        if found.is_empty() {
            for glob in module.imports.iter().filter(|import| import.name.is_none()) {
                for target in self.resolve(id, &glob.path, true, open) {
                    if let Target::Module(from) = target {
                        found.extend(self.look_up(from, name, is_followed, open));
                    }
                }
            }
        }
        open.pop();
        found
    }

    /// Whether a module lies in another.
    fn is_inside(&self, module: usize, outer: usize) -> bool {
        let mut around = self.modules[module].parent;
        while let Some(module) = around.filter(|module| *module != outer) {
            around = self.modules[module].parent;
        }
        around.is_some()
    }

    fn root(&self, mut module: usize) -> usize {
        while let Some(parent) = self.modules[module].parent {
            module = parent;
        }
        module
    }
}

/// Walks through one file and notes its modules, items, imports and names.
struct Reader<'a> {
    graph: &'a mut Graph,
    current: usize,
    file: String,
    /// Where the files of the current module's children lie.
    folder: String,
    is_test: bool,
    pending: Vec<Pending>,
}

impl Reader<'_> {
    fn module(&mut self) -> &mut Module {
        &mut self.graph.modules[self.current]
    }

    fn name(&mut self, path: Vec<String>, line: usize, place: Place) {
        let is_test = self.is_test;
        self.module().names.push(Name { path, line, is_test, place });
    }

    fn import(&mut self, tree: &syn::UseTree, mut path: Vec<String>, place: Place) {
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path, place);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), place);
                }
            }
            syn::UseTree::Glob(_) => self.module().imports.push(Import { name: None, path }),
            syn::UseTree::Name(name) => self.bring(path, &name.ident, &name.ident, place),
            syn::UseTree::Rename(rename) => self.bring(path, &rename.ident, &rename.rename, place),
        }
    }

    fn bring(
        &mut self,
        mut path: Vec<String>,
        ident: &syn::Ident,
        name: &syn::Ident,
        place: Place,
    ) {
        let line = ident.span().start().line;
        let mut name = name.to_string();
        if ident == "self" {
            if name == "self" {
                name = path.last().cloned().unwrap_or_default();
            }
        } else {
            path.push(ident.to_string());
        }
        self.name(path.clone(), line, place);
        self.module().imports.push(Import { name: Some(name), path });
    }

    /// Finds paths among the tokens of a macro, which `syn` does not parse.
    fn tokens(&mut self, tokens: TokenStream, place: Place) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is_colons = |at: usize| {
            let is_colon = |at: usize, spacing: Option<Spacing>| match tokens.get(at) {
                Some(TokenTree::Punct(punct)) => {
                    punct.as_char() == ':'
                        && spacing.is_none_or(|spacing| punct.spacing() == spacing)
                }
                _ => false,
            };
            is_colon(at, Some(Spacing::Joint)) && is_colon(at + 1, None)
        };
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), place);
                }
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    let mut path = vec![ident.to_string()];
                    let is_field = at.checked_sub(1).is_some_and(|before| {
                        matches!(&tokens[before], TokenTree::Punct(punct) if punct.as_char() == '.')
                    });
                    let is_tail = at >= 2 && is_colons(at - 2);
                    while is_colons(at + 1) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(next.to_string());
                        at += 3;
                    }
                    if !is_field && !is_tail {
                        self.name(path, line, place);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn within(&mut self, attributes: &[syn::Attribute], visit: impl FnOnce(&mut Self)) {
        let was_test = self.is_test;
        self.is_test |= is_for_tests(attributes);
        visit(self);
        self.is_test = was_test;
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

/// The file that `#[path = "…"]` names.
fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let (attributes, ident) = match item {
            syn::Item::Const(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            syn::Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            syn::Item::Static(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Type(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Union(item) => (&item.attrs, Some(&item.ident)),
            syn::Item::Impl(item) => (&item.attrs, None),
            syn::Item::Mod(item) => (&item.attrs, None),
            syn::Item::Use(item) => (&item.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if let Some(ident) = ident {
            let is_value = matches!(
                item,
                syn::Item::Const(_) | syn::Item::Fn(_) | syn::Item::Macro(_) | syn::Item::Static(_)
            );
            let name = ident.to_string();
            let may_be_followed = self.module().items.entry(name).or_default();
            *may_be_followed |= !is_value;
        }
        self.within(attributes, |reader| visit::visit_item(reader, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if let Some((_, items)) = &item.content {
            let id = self.graph.modules.len();
            self.graph.modules.push(Module {
                file: self.file.clone(),
                parent: Some(self.current),
                is_test: self.is_test,
                ..Module::default()
            });
            self.module().children.push((name.clone(), id));
            let outer = std::mem::replace(&mut self.current, id);
            let folder = format!("{}/{name}", self.folder);
            let outer_folder = std::mem::replace(&mut self.folder, folder);
            for item in items {
                self.visit_item(item);
            }
            self.current = outer;
            self.folder = outer_folder;
            return;
        }
        let candidates = match path_attribute(&item.attrs) {
            // What tests share lies beside the tests, and is no part of the library.
            Some(path) if self.is_test && path.contains("../tests/support/") => return,
            Some(path) => {
                let beside = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
                let file = format!("{beside}/{path}");
                let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                vec![(file, folder)]
            }
            None => {
                let folder = format!("{}/{name}", self.folder);
                vec![
                    (format!("{folder}.rs"), folder.clone()),
                    (format!("{folder}/mod.rs"), folder.clone()),
                ]
            }
        };
        let line = item.ident.span().start().line;
        let is_test = self.is_test;
        self.pending.push(Pending { parent: self.current, name, candidates, is_test, line });
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let path = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        let place = if is_private { Place::Use } else { Place::ReExport };
        self.import(&item.tree, path, place);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut parts: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        let line = path.segments.first().map_or(0, |part| part.ident.span().start().line);
        if path.leading_colon.is_some() {
            parts.insert(0, String::new());
        }
        self.name(parts, line, Place::Elsewhere);
        visit::visit_path(self, path);
    }

    /// The visibility of an item is not a use of it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        self.visit_path(attribute.path());
        let syn::Meta::List(list) = &attribute.meta else { return };
        if list.path.is_ident("derive") {
            return self.tokens(list.tokens.clone(), Place::Derive);
        }
        // `#[serde(with = "super::shape")]` names a path inside a string.
        for token in list.tokens.clone() {
            let TokenTree::Literal(literal) = token else { continue };
            let line = literal.span().start().line;
            let text = literal.to_string();
            let path = text.trim_matches('"');
            let is_word = |word: &str| {
                !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_')
            };
            if path.contains("::") && path.split("::").all(is_word) {
                self.name(path.split("::").map(str::to_owned).collect(), line, Place::Elsewhere);
            }
        }
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.tokens(called.tokens.clone(), Place::Elsewhere);
    }
}
