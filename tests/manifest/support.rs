//! Folders of manifests, and the diagnostics of one.

use std::path::{Path, PathBuf};

use contactsync::manifest::{Checks, Input, Loaded, check};
use tempfile::TempDir;

pub(super) const CONNECTION: &str = include_str!("connection.yaml");
pub(super) const WORKSPACE: &str = include_str!("workspace.yaml");

/// A folder with these files.
pub(super) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// Everything found in a folder.
pub(super) fn checked(folder: &Path, checks: &Checks<'_>) -> Loaded {
    check(&[Input::Path(folder.to_owned())], checks)
}

/// The diagnostics of a folder, one a line, with paths below it.
pub(super) fn told(folder: &Path, checks: &Checks<'_>) -> String {
    let lines: Vec<String> = checked(folder, checks).diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n").replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), "DIR")
}

/// The diagnostics of these files.
pub(super) fn told_of(files: &[(&str, &str)]) -> String {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    told(folder(&files).path(), &Checks::default())
}

/// The diagnostics of one text, called `-`.
pub(super) fn told_of_text(text: &str) -> String {
    let input = Input::Text { name: PathBuf::from("-"), text: text.to_owned() };
    let lines: Vec<String> = check(&[input], &Checks::default()).diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
