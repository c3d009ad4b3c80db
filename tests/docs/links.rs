//! Relative links, and the headings that they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::{files, house};

fn pages() -> Vec<PathBuf> {
    let is_page = |path: &Path| path.extension().is_some_and(|end| end == "md");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(house(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && is_page(path))
        .collect();
    for folder in ["docs", "examples"] {
        pages.extend(files(&house(folder), &is_page));
    }
    pages.push(house("charts/contactsync/README.md"));
    pages
}

/// The page's text outside of fenced code.
fn prose(page: &Path) -> String {
    let text = std::fs::read_to_string(page).unwrap();
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The names by which GitHub lets links point at headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    prose(page)
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')))
        .map(|heading| {
            let kept = heading.trim().to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut broken = Vec::new();
    for page in pages() {
        let text = prose(&page);
        for to in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            if to.contains("://") || to.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = to.split_once('#').unwrap_or((&to, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            if !target.exists() || (!heading.is_empty() && !anchors(&target).contains(heading)) {
                broken.push(format!("{}: {to}", page.strip_prefix(house("")).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}
