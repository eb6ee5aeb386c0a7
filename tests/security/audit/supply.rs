//! What is built in: foreign code from one place, as it was when it was locked, and no unsafe code of
//! ours. Licences and sources are checked by `dev/deny`, which `make lint` runs.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn foreign_crates_are_locked_by_checksum_and_come_from_one_registry() {
    let lock = read(&root().join("Cargo.lock"));
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        line.and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
    };
    let mut sources = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let name = value(package, "name").expect("a package has a name");
        let Some(source) = value(package, "source") else {
            assert!(name.starts_with("tessera-"), "{name} comes from a folder");
            continue;
        };
        assert!(source.starts_with("registry+"), "{name} comes from {source}");
        let checksum = value(package, "checksum").unwrap_or_default();
        assert_eq!(checksum.len(), 64, "{name} is not locked by a checksum");
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

#[test]
fn none_of_our_crates_has_unsafe_code() {
    let workspace = read(&root().join("Cargo.toml"));
    assert!(workspace.contains("\nunsafe_code = \"forbid\"\n"), "the lint of the workspace");
    let mut manifests: Vec<PathBuf> =
        ["crates/runtime", "crates/app", "dev/testkit", "tests", "bench"]
            .map(|folder| root().join(folder).join("Cargo.toml"))
            .into();
    for ring in ["core", "adapters", "edges"] {
        let crates = std::fs::read_dir(root().join("crates").join(ring)).expect("a folder");
        manifests.extend(crates.map(|entry| entry.expect("an entry").path().join("Cargo.toml")));
    }
    for manifest in manifests.iter().filter(|manifest| manifest.is_file()) {
        let inherits = read(manifest).contains("\n[lints]\nworkspace = true\n");
        assert!(inherits, "{} has lints of its own", manifest.display());
    }
}
