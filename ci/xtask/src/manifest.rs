//! Reads the manifests of the workspace, as they are written. Cargo resolves them.

use toml::{Table, Value};

use crate::tree::{Complaint, Tree};

/// The root manifest, which has all versions.
pub const ROOT: &str = "Cargo.toml";

/// The manifest of one package.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The path of the file.
    pub path: String,
    /// The contents.
    pub table: Table,
}

/// One dependency, as a manifest declares it.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The name of the section: `dependencies`, `dev-dependencies`, `build-dependencies`.
    pub section: &'static str,
    /// The name of the package.
    pub name: String,
    /// The value of the entry: a table, or a string with a version.
    pub wish: Value,
}

impl Dependency {
    /// Whether only tests, examples and benchmarks use it.
    pub fn is_for_tests(&self) -> bool {
        self.section == "dev-dependencies"
    }

    /// The requested features.
    pub fn features(&self) -> Vec<&str> {
        strings(self.wish.get("features"))
    }
}

impl Manifest {
    /// Reads a manifest. Returns a complaint if it is missing or no TOML.
    pub fn read(tree: &Tree, path: &str) -> Result<Self, Complaint> {
        let file = tree
            .get(path)
            .ok_or_else(|| Complaint::of(path, "is missing; a rule reads it, restore it"))?;
        let table = file.text.parse::<Table>();
        let table = table.map_err(|error| Complaint::of(path, error.message()))?;
        Ok(Self { path: path.into(), table })
    }

    /// The name of the package; empty if it has none.
    pub fn name(&self) -> &str {
        let name = self.table.get("package").and_then(|package| package.get("name"));
        name.and_then(Value::as_str).unwrap_or_default()
    }

    /// All dependencies, including those of single platforms.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let mut found = of_sections(&self.table);
        for platform in entries(self.table.get("target")).map(|(_, platform)| platform) {
            found.extend(platform.as_table().map(of_sections).unwrap_or_default());
        }
        found
    }
}

fn of_sections(table: &Table) -> Vec<Dependency> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let of_section = |section: &'static str| {
        entries(table.get(section)).map(move |(name, wish)| {
            let package = wish.get("package").and_then(Value::as_str).unwrap_or(name);
            Dependency { section, name: package.into(), wish: wish.clone() }
        })
    };
    sections.into_iter().flat_map(of_section).collect()
}

/// The entries of a table; none if the value is no table.
pub fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_table).into_iter().flatten()
}

/// The strings of a list; none if the value is no list.
pub fn strings(value: Option<&Value>) -> Vec<&str> {
    let list = value.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The folders that the root manifest excludes from the workspace; none if it cannot be read.
pub fn excluded(tree: &Tree) -> Vec<String> {
    let root = Manifest::read(tree, ROOT);
    let workspace = root.ok().and_then(|root| root.table.get("workspace").cloned());
    let folders = strings(workspace.as_ref().and_then(|all| all.get("exclude")));
    folders.into_iter().map(Into::into).collect()
}

/// All packages of the workspace, sorted by path, and complaints about unreadable manifests.
///
/// Every folder with a manifest is a package of the workspace, unless the root manifest excludes it.
pub fn members(tree: &Tree) -> (Vec<Manifest>, Vec<Complaint>) {
    if let Err(complaint) = Manifest::read(tree, ROOT) {
        return (Vec::new(), vec![complaint]);
    }
    let excluded = excluded(tree);
    let is_excluded = |path: &str| excluded.iter().any(|folder| path.starts_with(folder));
    let paths = tree.files().map(|file| file.path.as_str());
    let (mut found, mut complaints) = (Vec::new(), Vec::new());
    for path in paths.filter(|path| path.ends_with("/Cargo.toml") && !is_excluded(path)) {
        match Manifest::read(tree, path) {
            Ok(manifest) => found.push(manifest),
            Err(complaint) => complaints.push(complaint),
        }
    }
    if found.is_empty() {
        complaints
            .push(Complaint::of(ROOT, "has no members; a rule about them would check nothing"));
    }
    (found, complaints)
}
