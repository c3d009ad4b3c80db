//! Input of every bad kind: told with file and line, never a panic.

use contactsync::manifest::{Checks, Input, load, read};
use proptest::prelude::*;

use super::support::{CONNECTION, WORKSPACE, folder, told, told_of, told_of_text};

#[test]
fn refuses_text_that_is_no_yaml() {
    assert_eq!(
        told_of_text("a: [1, 2"),
        "-:1: this is not YAML (while parsing a flow sequence, expected ',' or ']'): check indentation, colons and quotes in this line and the one before"
    );
}

#[test]
fn tells_a_line_that_is_there() {
    for text in ["a: {b: c", "a: [b\nc: 'd", "kind: X\na: \"b"] {
        let loaded = read(&[Input::Text { name: "-".into(), text: text.to_owned() }]);
        let lines: Vec<usize> = loaded.diagnostics.iter().map(|said| said.line).collect();
        assert!(
            !lines.is_empty() && lines.iter().all(|line| (1..=text.lines().count()).contains(line)),
            "{text:?}: {lines:?}"
        );
    }
}

#[test]
fn refuses_tabs() {
    assert_eq!(
        told_of_text("kind: Secret\nmetadata:\n\tname: x\n"),
        "-:3: a tab stands where YAML wants spaces: indent with spaces"
    );
}

#[test]
fn refuses_templates_and_says_to_render_them() {
    assert_eq!(
        told_of_text("kind: Secret\nmetadata:\n  name: {{ .Values.name }}\n"),
        "-:3: this is a template, not a manifest: render it first (helm template), or leave the chart's folder out"
    );
}

#[test]
fn refuses_aliases_that_grow() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text = format!("{text}a{level}: &a{level} [{before}]\n");
    }
    assert_eq!(
        told_of_text(&text),
        "-:5: aliases copy more than 1 MiB: write the values out: a manifest needs no aliases"
    );
}

#[test]
fn refuses_an_alias_inside_its_own_anchor() {
    assert_eq!(
        told_of_text("a: &a\n  b: *a\n"),
        "-:2: an alias points into the value it stands in: write the value out"
    );
}

#[test]
fn refuses_deep_nesting() {
    assert_eq!(
        told_of_text(&"[".repeat(100_000)),
        "-:1: values lie more than 64 deep in one another: a manifest needs about ten levels: check the indentation"
    );
    assert_eq!(
        told_of_text(&"- ".repeat(100_000)),
        "-:1: values lie more than 64 deep in one another: a manifest needs about ten levels: check the indentation"
    );
    let lines: Vec<String> = (0..200).map(|depth| format!("{}a:", " ".repeat(depth))).collect();
    assert_eq!(
        told_of_text(&lines.join("\n")),
        "-:65: values lie more than 64 deep in one another: a manifest needs about ten levels: check the indentation"
    );
}

#[test]
fn refuses_depth_that_aliases_make() {
    let deep = |name: &str, inside: &str| format!("{name}: &{name} {}{inside}{}\n", "[".repeat(40), "]".repeat(40));
    let text = deep("a", "x") + &deep("b", "*a");
    assert_eq!(
        told_of_text(&text),
        "-:2: values lie more than 64 deep in one another: a manifest needs about ten levels: check the indentation"
    );
}

#[test]
fn refuses_more_values_than_memory_should_hold() {
    assert_eq!(
        told_of_text(&"- a\n".repeat(500_001)),
        "-:500001: the file holds more than 500000 values: split it, or leave it out of what is given"
    );
}

#[test]
fn refuses_nul_bytes() {
    assert_eq!(
        told_of_text("kind: x\nname: a\0b\n"),
        "-:2: there is a NUL byte in this line: a manifest is text: save the file as UTF-8"
    );
}

#[test]
fn refuses_fields_written_twice() {
    assert_eq!(
        told_of_text("kind: x\nspec:\n  a: 1\n  a: 2\n"),
        "-:4: field \"a\" is written twice here, first in line 3: keep one of them"
    );
}

#[test]
fn refuses_merge_keys_in_its_own_kinds() {
    let text = CONNECTION.replace("  state: Enabled", "  state: Enabled\n  <<: {logValues: true}");
    assert_eq!(
        told_of(&[("c.yaml", &text), ("w.yaml", WORKSPACE)]),
        "c.yaml:6: spec.<<: merge keys are not read: write the fields out"
    );
}

#[test]
fn refuses_a_file_that_is_not_utf_8() {
    let folder = folder(&[("latin.yaml", b"kind: x\nname: Bj\xf6rn\n")]);
    assert_eq!(told(folder.path(), &Checks::default()), "latin.yaml:2: this line is not UTF-8: save the file as UTF-8");
}

#[test]
fn refuses_a_file_that_is_too_large() {
    let folder = folder(&[("large.yaml", &vec![b'#'; (16 << 20) + 1])]);
    assert_eq!(
        told(folder.path(), &Checks::default()),
        "large.yaml: the file is larger than 16 MiB: split it, or leave it out of what is given"
    );
}

#[test]
fn refuses_folders_without_manifests() {
    let empty = folder(&[("README.md", b"x"), (".github/workflow.yaml", b"a: b")]);
    assert_eq!(
        told(empty.path(), &Checks::default()),
        "DIR: the folder holds no manifest: name the folder that holds your ContactSyncConnection and KDeskWorkspace files (*.yaml, *.yml or *.json; hidden folders are left out)"
    );
    let foreign = folder(&[("deploy.yaml", b"apiVersion: apps/v1\nkind: Deployment\n")]);
    assert_eq!(
        told(foreign.path(), &Checks::default()),
        "DIR: there is no ContactSyncConnection or KDeskWorkspace here, only one document of another kind: name the folder that holds your ContactSyncConnection and KDeskWorkspace files"
    );
    assert_eq!(
        told(&empty.path().join("nope"), &Checks::default()),
        "DIR: there is no such file or folder: check the path"
    );
    assert_eq!(
        told_of_text(""),
        "-: there is no manifest here: name the folder that holds your ContactSyncConnection and KDeskWorkspace files"
    );
}

#[test]
fn passes_over_other_kinds_and_counts_them() {
    let folder = folder(&[
        ("connection.yaml", CONNECTION.as_bytes()),
        ("deep/er/workspace.yml", WORKSPACE.as_bytes()),
        (
            "kustomization.yaml",
            b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [connection.yaml]\n",
        ),
        ("values.yaml", b"replicas: 3\n---\n- a list\n"),
        (".hidden/broken.yaml", b"a: [\n"),
        ("notes.txt", b"a: [\n"),
    ]);
    let manifests = load(&[Input::Path(folder.path().to_owned())]).unwrap();
    assert_eq!((manifests.connections.len(), manifests.workspaces.len(), manifests.secrets.len()), (1, 1, 2));
    assert_eq!(manifests.skipped.get("Kustomization"), Some(&1));
    assert_eq!(manifests.skipped.get("no manifest"), Some(&2));
}

#[test]
fn takes_lists_json_and_the_default_namespace() {
    let item = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"ca\"}, \"data\": {\"ca.crt\": \"x\"}}";
    let text = format!("{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{item}\n]}}");
    let folder = folder(&[("list.json", text.as_bytes())]);
    let manifests = load(&[Input::Path(folder.path().to_owned())]).unwrap();
    assert_eq!(manifests.config_maps[0].namespace, "default");
    assert_eq!(manifests.config_maps[0].at.line("data"), 2);
}

#[test]
fn takes_each_file_once_however_often_it_is_given() {
    let folder = folder(&[("workspace.yaml", WORKSPACE.as_bytes())]);
    let inputs = [Input::Path(folder.path().to_owned()), Input::Path(folder.path().join("workspace.yaml"))];
    assert_eq!(load(&inputs).unwrap().workspaces.len(), 1);
}

#[test]
fn refuses_two_objects_of_one_name_and_names_both_places() {
    assert_eq!(
        told_of(&[("a.yaml", WORKSPACE), ("b.yaml", WORKSPACE)]).lines().next(),
        Some(
            "b.yaml:3: metadata.name: KDeskWorkspace support/acme is there twice, first in a.yaml:3: keep one, or give this one another name or namespace"
        )
    );
}

#[test]
fn refuses_secrets_that_cannot_be_read_without_showing_them() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  a: hunter2!\nstringData:\n  b: 12345\nstringdata: {}\n";
    let told = told_of_text(text);
    assert!(!told.contains("hunter2") && !told.contains("12345"), "{told}");
    assert_eq!(
        told,
        "-:5: data.a: the value is not base64: encode it, or move it to stringData as it is\n\
         -:7: stringData.b: the value must be text: put it in quotes\n\
         -:8: stringdata: unknown field: did you mean stringData?"
    );
}

#[test]
fn warns_of_a_status_that_was_exported() {
    let text = format!("{CONNECTION}status: {{contacts: nonsense}}\n");
    assert_eq!(
        told_of(&[("c.yaml", &text), ("w.yaml", WORKSPACE)]),
        "c.yaml:27: warning: status: is written by the controller, and is not read from a manifest: leave it out"
    );
}

#[cfg(unix)]
#[test]
fn follows_links_to_files_and_not_to_folders() {
    let folder = folder(&[("real/w.yaml", WORKSPACE.as_bytes())]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("real/loop")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real/w.yaml"), folder.path().join("link.yaml")).unwrap();
    assert_eq!(load(&[Input::Path(folder.path().to_owned())]).unwrap().workspaces.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = read(&[Input::Text { name: "-".into(), text }]);
    }

    #[test]
    fn any_yaml_like_text_is_read_without_panic(text in "([-:?&*!|>{}\\[\\], \\n\\t'\"#%@a-c0-9~<]|: |- |\\n  ){0,80}") {
        let _ = read(&[Input::Text { name: "-".into(), text }]);
    }

    #[test]
    fn a_damaged_manifest_is_read_without_panic(at in 0_usize..1000, len in 0_usize..40, junk in "\\PC{0,8}") {
        let mut chars: Vec<char> = CONNECTION.chars().collect();
        let at = at.min(chars.len());
        let end = (at + len).min(chars.len());
        chars.splice(at..end, junk.chars());
        let text: String = chars.into_iter().collect();
        let _ = contactsync::manifest::check(&[Input::Text { name: "-".into(), text }], &Checks::default());
    }
}

#[test]
fn says_which_values_need_quotes() {
    for (line, wanted) in [
        ("cron: */30 * * * *", "a value that begins with * needs quotes: put the whole value in \" \""),
        ("cron: @hourly", "a value that begins with @ needs quotes: put the whole value in \" \""),
        ("glob: *@acme.example", "a value that begins with * needs quotes: put the whole value in \" \""),
        ("- %x", "a value that begins with % needs quotes: put the whole value in \" \""),
        (
            "expression: 'a' == 'b'",
            "the value goes on after its closing quote: put the whole value in the other kind of quotes, such as \"person.a == 'b'\"",
        ),
        (
            "name: Sales: EMEA",
            "a colon stands where none can: put a value with ': ' in it in quotes, and check the indentation of this line and the one before",
        ),
        ("name: \"C:\\dir\"", "\\ in double quotes begins an escape: put the value in ' ' instead, or write \\\\"),
    ] {
        assert_eq!(told_of_text(&format!("kind: x\nspec:\n  {line}\n")), format!("-:3: {wanted}"), "{line}");
    }
}
