//! The messages that the pages about sources explain are those that the program prints.

use regex::Regex;

use super::{files, house};

/// The longest run of words that stands in the place of a value.
const LONGEST_VALUE: usize = 5;

/// All of the program's text, in one: strings over several lines made whole, an ellipsis for each value.
fn program() -> String {
    let sources = files(&house("src"), &|path| path.extension().is_some_and(|end| end == "rs"));
    let text: String = sources.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let whole = Regex::new(r"\\\n\s*").unwrap().replace_all(&text, "");
    let values = Regex::new(r"\{[a-z_A-Z.:?0-9]*\}").unwrap().replace_all(&whole, "…");
    values.replace("\\\"", "\"")
}

/// Whether it stands there word for word, or with a value in the place of some of its words.
fn says(program: &str, message: &str) -> bool {
    let words: Vec<&str> = message.split(' ').collect();
    let with_value = |from: usize, to: usize| [&words[..from], &["…"], &words[to..]].concat().join(" ");
    program.contains(message)
        || (0..words.len())
            .flat_map(|from| (from + 1..=words.len().min(from + LONGEST_VALUE)).map(move |to| (from, to)))
            .any(|(from, to)| words.len() - (to - from) > 1 && program.contains(&with_value(from, to)))
}

#[test]
fn every_message_that_a_table_explains_is_one_that_the_program_prints() {
    let program = program();
    // What vendors write, and where a message has been cut.
    let cut = Regex::new(r"[`…]|\([^)]*\)|HTTP \d+|AADSTS\d+|: |, ").unwrap();
    let (mut seen, mut strange) = (0, Vec::new());
    for page in files(&house("docs/sources"), &|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        let table = text.lines().skip_while(|line| !line.starts_with("| message |")).skip(2);
        for row in table.take_while(|line| line.starts_with('|')) {
            let cell = row.trim_start_matches("| ").split(" | ").next().unwrap();
            for message in cut.split(cell).map(|part| part.trim_matches([' ', ',', ':', '.'])) {
                if !message.contains(' ') {
                    continue;
                }
                seen += 1;
                if !says(&program, message) {
                    strange.push(format!("{}: {message}", page.strip_prefix(house("")).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 50, "{seen}");
    assert!(strange.is_empty(), "the program prints nothing like it:\n{}", strange.join("\n"));
    assert!(!says(&program, "the directory has no people"));
}
