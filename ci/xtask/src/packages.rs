//! Asks cargo which packages are linked into a package that is built alone, with its default features.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context, ensure};

use crate::{manifest::Manifest, tree::Tree};

/// For each package of interest, the names of the packages that are linked into it.
#[derive(Clone, Debug, Default)]
pub struct Packages(BTreeMap<String, Vec<String>>);

impl Packages {
    /// Packages for a test.
    pub fn of(packages: &[(&str, &[&str])]) -> Self {
        let of_one = |names: &[&str]| names.iter().map(|&name| name.into()).collect();
        Self(packages.iter().map(|&(name, all)| (name.into(), of_one(all))).collect())
    }

    /// Asks cargo about all packages of interest, one by one. In the workspace as a whole, the scenarios enable all
    /// features.
    pub fn ask(root: &Path, tree: &Tree) -> anyhow::Result<Self> {
        let mut names =
            vec!["chaosdrill-core".into(), "chaosdrill-reports".into(), "chaosdrill-rt".into()];
        for target in tree.targets() {
            let manifest = Manifest::read(tree, &format!("{target}/Cargo.toml"));
            names.push(manifest.map_err(|wrong| anyhow::anyhow!("{wrong}"))?.name().to_owned());
        }
        let linked = names.into_iter().map(|name| Ok((name.clone(), linked_into(root, &name)?)));
        Ok(Self(linked.collect::<anyhow::Result<_>>()?))
    }

    /// The packages that are linked into a package; `None` if cargo does not know it.
    pub fn linked_into(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The packages of interest whose names have that prefix.
    pub fn beginning(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }
}

fn linked_into(root: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let arguments = ["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let output = Command::new("cargo")
        .args(arguments)
        .args(["--format", "{p}", "--package", name])
        .current_dir(root)
        .output()
        .context("cargo could not be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo tree --package {name} failed: {said}");
    let lines = String::from_utf8(output.stdout).context("cargo tree wrote no text")?;
    let first_words = lines.lines().filter_map(|line| line.split(' ').next());
    let mut names: Vec<String> =
        first_words.filter(|word| !word.is_empty()).map(Into::into).collect();
    names.sort();
    names.dedup();
    Ok(names)
}
