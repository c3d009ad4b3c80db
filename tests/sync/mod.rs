//! Whole runs: a real directory, the real wire, the bundled workspace.
