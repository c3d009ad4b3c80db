//! Which file a manifest may name: one below a root, and no other.

use std::path::{Component, Path, PathBuf};

use crate::directory::Error;

/// The file that `source.file.path` names below `root`.
///
/// An absolute path or one with `..` is refused as a setting. A path that leads nowhere, and a symlink that leads out of
/// the root, read the same: whoever writes a manifest learns nothing about files elsewhere. Both are worth trying again,
/// because a file may be delivered later.
pub fn resolve_path(root: &Path, path: &str) -> Result<PathBuf, Error> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || path.contains('\0') || !plain {
        return Err(Error::Settings {
            field: "source.file.path".to_owned(),
            reason: format!("{path:?} must be a path below the file root: not absolute, and without '..'"),
        });
    }
    let found = root.canonicalize().and_then(|root| Ok((root.join(path).canonicalize()?, root)));
    match found {
        Ok((file, root)) if file.starts_with(&root) && file.is_file() => Ok(file),
        Ok(_) | Err(_) => Err(Error::Unavailable {
            directory: path.to_owned(),
            reason: "there is no such file below the file root, or it may not be read".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn accepts_files_below_the_root() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("hr")).unwrap();
        fs::write(root.path().join("hr/people.csv"), "id\n").unwrap();
        std::os::unix::fs::symlink("hr/people.csv", root.path().join("current.csv")).unwrap();
        for path in ["hr/people.csv", "./hr/people.csv", "current.csv"] {
            assert!(resolve_path(root.path(), path).unwrap().ends_with("hr/people.csv"), "{path}");
        }
    }

    #[test]
    fn rejects_paths_that_leave_the_root() {
        let root = tempfile::tempdir().unwrap();
        for path in ["/etc/passwd", "../x.csv", "a/../../x.csv", "", "a\0b"] {
            assert!(matches!(resolve_path(root.path(), path), Err(Error::Settings { .. })), "{path}");
        }
    }

    #[test]
    fn not_found_and_not_allowed_read_the_same() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), root.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("nothing"), root.path().join("gone")).unwrap();
        fs::create_dir(root.path().join("fold")).unwrap();
        let said = |path| resolve_path(root.path(), path).unwrap_err().to_string().replace(path, "PATH");
        assert_eq!(said("link"), said("absent"));
        assert_eq!(said("gone"), said("absent"));
        assert_eq!(said("fold"), said("absent"));
        assert!(resolve_path(root.path(), "absent").unwrap_err().is_retryable());
    }
}
