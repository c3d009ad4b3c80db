//! From what was given on a command line to texts: folders are walked, files read, both within bounds.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Diagnostic;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// How many files a folder may hold: more is surely not the folder that was meant.
const MAX_FILES: usize = 10_000;

/// Where manifests come from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a folder: every *.yaml, *.yml and *.json in it and in its folders, hidden ones left out.
    Path(PathBuf),
    /// A text, such as standard input, and what diagnostics call it. Its files lie below the current folder.
    Text {
        /// What diagnostics call it, such as `-`.
        name: PathBuf,
        /// The text.
        text: String,
    },
}

/// A text and what diagnostics call it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

/// Reads everything given; each file once, however often it was given.
pub(super) fn collect(inputs: &[Input], diagnostics: &mut Vec<Diagnostic>) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut seen = BTreeSet::new();
    for input in inputs {
        let files = match input {
            Input::Text { name, text } => {
                sources.push(Source { file: name.clone(), text: text.clone() });
                continue;
            }
            Input::Path(path) => match files_of(path) {
                Ok(files) => files,
                Err(problem) => {
                    diagnostics.push(*problem);
                    continue;
                }
            },
        };
        for file in files {
            let real = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
            if !seen.insert(real) {
                continue;
            }
            match read(&file) {
                Ok(text) => sources.push(Source { file, text }),
                Err(problem) => diagnostics.push(*problem),
            }
        }
    }
    sources
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if about.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !about.is_dir() {
        return Err(Box::new(
            Diagnostic::error(path, 0, "is neither a file nor a folder")
                .mend("name a folder, a file, or - for standard input"),
        ));
    }
    let files = walk(path)?;
    if files.is_empty() {
        return Err(Box::new(Diagnostic::error(path, 0, "the folder holds no manifest").mend(
            "name the folder that holds your ContactSyncConnection and KDeskWorkspace files (*.yaml, *.yml or *.json; hidden folders are left out)",
        )));
    }
    Ok(files)
}

/// The manifests below a folder, by name. Links to folders are not followed: they may lead in circles.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() {
                folders.push(path);
            } else if is_manifest(&path) && (kind.is_file() || fs::metadata(&path).is_ok_and(|about| about.is_file())) {
                files.push(path);
            }
            if files.len() > MAX_FILES {
                return Err(Box::new(
                    Diagnostic::error(folder, 0, format!("there are more than {MAX_FILES} files"))
                        .mend("name the folder that holds your manifests"),
                ));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Box::new(
            Diagnostic::error(path, 0, "the file is larger than 16 MiB")
                .mend("split it, or leave it out of what is given"),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        Box::new(Diagnostic::error(path, line, "this line is not UTF-8").mend("save the file as UTF-8"))
    })
}

#[expect(clippy::unnecessary_box_returns, reason = "every caller returns it as its error, which is boxed")]
fn unreadable(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    let (problem, mend) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file or folder".to_owned(), "check the path"),
        io::ErrorKind::PermissionDenied => ("may not be read".to_owned(), "check its permissions"),
        _ => (format!("cannot be read ({error})"), "check the file"),
    };
    Box::new(Diagnostic::error(path, 0, problem).mend(mend))
}
