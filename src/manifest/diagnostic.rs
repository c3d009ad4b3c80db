//! What is wrong with a manifest, where, and what to type instead.

use std::fmt;
use std::path::PathBuf;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// It cannot work as it stands.
    Error,
    /// It may work, but somebody should look.
    Warning,
}

/// One thing to mend. Its Display is the line that people read: `file:line: field: problem: mend`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Diagnostic {
    /// The file as it was given, or below the folder that was given.
    pub file: PathBuf,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The field, such as `spec.scope.list`; empty when the file or object as a whole is meant.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it; empty when the problem says it all.
    pub mend: String,
    /// How much it matters.
    pub severity: Severity,
}

impl Diagnostic {
    /// Something that cannot work.
    pub fn error(file: impl Into<PathBuf>, line: usize, problem: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            field: String::new(),
            problem: problem.into(),
            mend: String::new(),
            severity: Severity::Error,
        }
    }

    /// The same, at a field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }

    /// The same, as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Whether it cannot work.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        if self.severity == Severity::Warning {
            f.write_str(" warning:")?;
        }
        if !self.field.is_empty() {
            write!(f, " {}:", self.field)?;
        }
        write!(f, " {}", self.problem)?;
        if !self.mend.is_empty() {
            write!(f, ": {}", self.mend)?;
        }
        Ok(())
    }
}
