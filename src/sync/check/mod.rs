//! Proves what a run needs of the directory before there is a run: credentials, names, a whole read, what scope and mapping
//! make of the people there. Nothing is written anywhere, and the desk is not asked.
//!
//! One step after the other, each told as soon as it is known ([`Finding`]); a step that needs one that failed is skipped. Who
//! the people are is told only of somebody who is asked for.

mod census;
mod report;
mod somebody;

use tokio::sync::mpsc;

use super::account::{Observer, Stage};
use super::{ConnectionSettings, Error, Place, open_directory, preflight};
use crate::directory::{self, Directory, ReadQuery, ResolvedGroup};
use crate::person::{Person, Program};
use census::Census;
use report::Report;
use somebody::Somebody;

pub use report::{
    Checked, Counted, FieldOutcome, FieldReport, Finding, GroupReport, Mark, PersonReport, ScopeReport, ScopeWord,
    Subject,
};

/// Why a step is skipped.
const FIRST: &str = "what failed above comes first";

/// What to check.
pub struct Check<'a> {
    /// The connection.
    pub settings: &'a ConnectionSettings,
    /// Where its secrets and files lie.
    pub place: &'a Place<'a>,
    /// Whether the directory is read to its end and people are counted.
    pub count: bool,
    /// Somebody to show, by id or address.
    pub person: Option<&'a str>,
    /// Who watches the read.
    pub observer: &'a dyn Observer,
}

impl Check<'_> {
    /// Checks, telling each finding as it is made.
    pub async fn go(&self, tell: &mut (dyn FnMut(&Finding) + Send)) -> Checked {
        let mut report = Report::new(self.settings.full_name(), tell);
        let program = self.manifest(&mut report);
        let directory = self.credentials(&mut report).await;
        let query = if let (Some(program), Some(directory)) = (&program, &directory) {
            self.groups(program, &**directory, &mut report).await
        } else {
            report.skipped(Subject::Groups, FIRST);
            None
        };
        match (&program, &directory, &query) {
            _ if !self.count => report.skipped(Subject::Read, "the directory was not read, as you asked"),
            (Some(program), Some(directory), Some(query)) => {
                read(self, program, &**directory, query, &mut report).await;
            }
            _ => report.skipped(Subject::Read, FIRST),
        }
        match (self.person, &directory) {
            (None, _) => {}
            (Some(_), None) => report.skipped(Subject::Person, FIRST),
            (Some(text), Some(directory)) => {
                let program = program.as_ref().zip(query.as_ref());
                Somebody { directory: &**directory, program }.show(text, &mut report).await;
            }
        }
        if let Some(directory) = &directory {
            report.throttling(directory.throttling());
        }
        report.close()
    }

    fn manifest(&self, report: &mut Report<'_>) -> Option<Program> {
        match Program::compile(&self.settings.spec) {
            Ok(program) => {
                let has = [
                    numbered(program.fields().len(), "field"),
                    numbered(program.attributes().len(), "attribute"),
                    numbered(program.groups().len(), "group"),
                ];
                report.ok(Subject::Manifest, format!("scope and mapping are understood: {}", has.join(", ")));
                Some(program)
            }
            Err(errors) => {
                for error in errors {
                    report.failed(Subject::Manifest, error.to_string());
                }
                None
            }
        }
    }

    async fn credentials(&self, report: &mut Report<'_>) -> Option<Box<dyn Directory>> {
        self.observer.stage(Stage::Preflight);
        let proven = async {
            let directory = open_directory(self.settings, self.place).await?;
            directory.resolve_groups(&[]).await?;
            Ok::<_, Error>(directory)
        };
        match proven.await {
            Ok(directory) => {
                report.ok(Subject::Credentials, "the directory answers, and lets the reader in");
                Some(directory)
            }
            Err(error) => {
                // No desk is asked here, so nothing need be told apart from it.
                let told = match error {
                    Error::Directory(error) => error.to_string(),
                    error => error.to_string(),
                };
                report.failed(Subject::Credentials, told);
                None
            }
        }
    }

    /// Resolves every group that is named; each that cannot be is told.
    async fn groups(&self, program: &Program, directory: &dyn Directory, report: &mut Report<'_>) -> Option<ReadQuery> {
        let wanted = program.groups();
        if wanted.is_empty() {
            report.ok(Subject::Groups, "none are named");
        }
        // All at once where all is well; else one by one, so that each that is not there is told.
        let refs: Vec<_> = wanted.iter().map(|one| one.group.clone()).collect();
        match directory.resolve_groups(&refs).await {
            Ok(resolved) if resolved.len() == wanted.len() => {
                wanted.iter().zip(&resolved).for_each(|(one, found)| report.group(one, found));
                return Some(preflight::read_query(program, &self.settings.spec, resolved));
            }
            // It was tried again for as long as it may be.
            Err(error @ directory::Error::Unavailable { .. }) => {
                report.failed(Subject::Groups, error.to_string());
                return None;
            }
            Ok(_) | Err(_) => {}
        }
        let mut resolved: Vec<ResolvedGroup> = Vec::with_capacity(wanted.len());
        for one in wanted {
            match directory.resolve_groups(std::slice::from_ref(&one.group)).await.map(|mut found| found.pop()) {
                Ok(Some(found)) => {
                    report.group(one, &found);
                    resolved.push(found);
                }
                Ok(None) => report.failed(Subject::Groups, format!("{}: the directory gave no answer", one.field)),
                Err(error @ (directory::Error::Unavailable { .. } | directory::Error::Denied { .. })) => {
                    // So would all the others.
                    report.failed(Subject::Groups, format!("{}: {error}", one.field));
                    return None;
                }
                Err(error) => report.failed(Subject::Groups, in_field(error, &one.field).to_string()),
            }
        }
        (resolved.len() == wanted.len()).then(|| preflight::read_query(program, &self.settings.spec, resolved))
    }
}

/// Reads everybody, and counts.
async fn read(
    check: &Check<'_>,
    program: &Program,
    directory: &dyn Directory,
    query: &ReadQuery,
    report: &mut Report<'_>,
) {
    check.observer.stage(Stage::Reading);
    let mut census = Census::of(program);
    let (pages, mut received) = mpsc::channel::<Vec<Person>>(2);
    let counting = async {
        while let Some(page) = received.recv().await {
            for person in &page {
                census.take(program, person);
            }
            check.observer.progress(census.read(), None);
        }
    };
    let (whole, ()) = tokio::join!(directory.read(query, pages), counting);
    match whole {
        Ok(whole) if whole.people() == census.read() => census.tell(!query.only_members_of.is_empty(), report),
        Ok(_) => report.failed(Subject::Read, "the directory says it sent another number of people than came"),
        Err(error) => report.failed(Subject::Read, error.to_string()),
    }
}

/// A directory knows the group that is missing, the program the field that names it.
fn in_field(error: directory::Error, field: &str) -> directory::Error {
    let field = field.to_owned();
    match error {
        directory::Error::GroupNotFound { group, .. } => directory::Error::GroupNotFound { field, group },
        directory::Error::GroupAmbiguous { group, count, .. } => {
            directory::Error::GroupAmbiguous { field, group, count }
        }
        other => other,
    }
}

/// So many of them.
fn numbered(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
