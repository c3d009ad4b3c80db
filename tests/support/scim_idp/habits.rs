//! What real servers do that the RFCs do not say, or forbid.

/// The habits of one server; by default it has none.
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// 404 where `ServiceProviderConfig` should be.
    pub no_config: bool,
    /// `ServiceProviderConfig` tells this as the most results, and no page holds more.
    pub most: Option<usize>,
    /// No page holds more than this, though nothing says so.
    pub short_pages: Option<usize>,
    pub total: Total,
    /// Every page is the first.
    pub ignores_start: bool,
    /// The first row of a page is the last of the page before, too.
    pub overlaps: bool,
    pub cursors: Option<Cursors>,
    pub filters: Filters,
    pub attributes: Chosen,
    pub members: Shown,
    /// Members do not say what they are.
    pub untyped_members: bool,
    /// No list of members holds more.
    pub most_members: Option<usize>,
    /// Users do not say which groups they are in.
    pub silent_users: bool,
    /// Absent `Resources` where there are none.
    pub no_empty_lists: bool,
    /// Numbers and flags as text, keys in capitals.
    pub loose: bool,
    /// Users cannot be had by id.
    pub no_users_by_id: bool,
    /// What the credentials may not read (403).
    pub forbidden: Option<&'static str>,
}

/// How `totalResults` is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Total {
    #[default]
    Right,
    /// So many more than there are.
    Over(u64),
    /// Another one on each page.
    Growing,
    /// Another one on each page of the next listing, and of no other.
    GrowingOnce,
    Missing,
}

/// Paging by cursor (RFC 9865).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cursors {
    /// `totalResults` is told there, too.
    pub totals: bool,
    /// So many cursors expire before they are used, the first ones.
    pub expire: usize,
    /// The error says `invalidCursor`.
    pub invalid: bool,
}

/// How filters are taken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Filters {
    #[default]
    Good,
    /// `ServiceProviderConfig` says that there are none, and each is refused.
    Unsupported,
    /// Refused with 400 `invalidFilter`, though `ServiceProviderConfig` says otherwise.
    Refused,
    /// As if there were none.
    Ignored,
    /// Only of `userName eq`, all others as if there were none.
    OfUserName,
    /// Nothing is found by any filter.
    Deaf,
    /// One comparison is understood, nothing more.
    Simple,
}

/// How the parameter `attributes` is taken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Chosen {
    #[default]
    Good,
    Ignored,
    /// 400 for it.
    Refused,
    /// Nothing but the id comes when one of them has a URN.
    Bare,
}

/// Whether groups show their members.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Shown {
    #[default]
    Always,
    /// An empty list, as AWS IAM Identity Center answers.
    Never,
    /// The attribute is left out.
    LeftOut,
    /// Only when asked for by `attributes`.
    WhenAsked,
    /// Only when nothing is asked for by `attributes`.
    WhenNotAsked,
}
