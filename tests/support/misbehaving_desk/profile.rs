//! What a desk can do, and what it always does wrong.

/// What the desk can do.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub bulk: Option<(usize, usize)>,
    pub patch: bool,
    pub etag: bool,
    pub filter: bool,
    pub cursor: bool,
    pub schemas: bool,
    pub page: usize,
    pub habits: &'static [Habit],
}

/// What the desk does all the time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Habit {
    /// Filters are taken and ignored: whatever is asked, everything is listed.
    IgnoresFilters,
    /// Filters are taken and find nothing.
    FindsNothing,
    /// Filters are promised and refused (400 `invalidFilter`).
    RefusesFilters,
    /// Answers are compressed for whoever takes that.
    Gzip,
    /// Phone numbers lose their spaces, texts are trimmed, addresses of people are in lower case, titles in upper case.
    Normalises,
    /// Job titles are taken and forgotten.
    ForgetsTitles,
    /// `externalId` is kept in lower case.
    LowersExternalIds,
    /// `externalId` is taken and forgotten.
    ForgetsExternalIds,
    /// Two contacts may have one `userName`.
    AllowsTwins,
    /// `startIndex` is ignored: every page is the first.
    FirstPageOnly,
    /// There is always another cursor.
    EndlessCursor,
    /// `totalResults` is a number that is never reached, and there is always a page more.
    EndlessPages,
    /// Bulk is promised and not there (404).
    NoBulkAfterAll,
    /// A write is answered with 200 and the contact.
    AnswersWithContact,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            bulk: Some((100, 1 << 20)),
            patch: true,
            etag: true,
            filter: true,
            cursor: false,
            schemas: true,
            page: 100,
            habits: &[],
        }
    }
}

impl Profile {
    pub(super) fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }
}
