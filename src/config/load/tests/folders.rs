//! Configurations in several files, and variables in them.

use std::fs;

use super::templates::Folder;
use super::*;

/// A folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> Folder {
    let folder = Folder::create(name);
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn load_folder(folder: &Folder) -> Result<Loaded, String> {
    let loaded = load(folder.path(), ParserMode::default());
    loaded.map_err(|error| {
        error
            .to_string()
            .replace(&folder.path().display().to_string(), "conf.d")
    })
}

const ROOT: &str = "route:\n  receiver: a\nreceivers:\n- name: a\n";

#[test]
fn each_file_adds_to_the_lists_in_the_order_of_names() {
    let team = "route:\n  routes:\n  - {receiver: b, matchers: [team=\"b\"]}\n\
                receivers:\n- name: b\ninhibit_rules:\n- {source_matchers: [alertname=x], target_matchers: [a=b]}\n\
                time_intervals:\n- {name: nights, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}\n";
    let other = "global: {resolve_timeout: 7m}\nroute:\n  routes:\n  - {receiver: a, matchers: [team=\"c\"]}\n";
    let files = [
        ("20-team.yml", team),
        ("10-root.yml", ROOT),
        ("30.yaml", other),
    ];
    let folder = folder("joined", &files);
    folder.write(".hidden.yml", "x: [");
    folder.write("notes.txt", "x: [");
    let config = load_folder(&folder).expect("a configuration").config;
    let names: Vec<&str> = config
        .receivers
        .iter()
        .map(|receiver| &*receiver.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    let routes: Vec<String> = (config.route.routes.iter())
        .map(|route| format_matchers(&route.matchers))
        .collect();
    assert_eq!(routes, ["{team=\"b\"}", "{team=\"c\"}"]);
    assert_eq!(config.inhibit_rules.len(), 1);
    assert_eq!(config.resolve_timeout, Duration::from_secs(7 * 60));
}

#[test]
fn what_is_there_twice_is_refused_with_both_places() {
    let team = "route:\n  receiver: a\nreceivers:\n- name: b\n- name: a\n";
    let folder = folder("twice", &[("1.yml", ROOT), ("2.yml", team)]);
    assert_eq!(
        load_folder(&folder).expect_err("it is refused"),
        "conf.d/2.yml:2: route.receiver: receiver is also in conf.d/1.yml:2; keep one of the two\n\
         conf.d/2.yml:5: receivers[1].name: \"a\" is also in conf.d/1.yml:4; keep one of the two, or give it \
         another name"
    );
}

#[test]
fn a_fault_is_told_with_its_file_and_line() {
    let team = "receivers:\n- name: b\n  webhook_configs:\n  - url: ftp://b.example/\n";
    let folder = folder(
        "faulty",
        &[("1.yml", ROOT), ("2.yml", team), ("3.yml", "routes: []\n")],
    );
    let faults = load_folder(&folder).expect_err("it is refused");
    let lines: Vec<&str> = faults.lines().collect();
    assert_eq!(lines.len(), 2, "{faults}");
    assert!(
        lines[0].starts_with("conf.d/2.yml:4: receivers[0].webhook_configs[0].url: "),
        "{faults}"
    );
    assert!(lines[1].starts_with("conf.d/3.yml:1: routes: "), "{faults}");
}

#[test]
fn a_file_that_is_no_yaml_is_told_alone() {
    let folder = folder(
        "broken",
        &[
            ("1.yml", "route: {receiver: nobody}\n"),
            ("2.yml", "a: [\n"),
        ],
    );
    let faults = load_folder(&folder).expect_err("it is refused");
    assert!(faults.starts_with("conf.d/2.yml"), "{faults}");
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

#[test]
fn an_empty_folder_and_one_of_other_files_are_refused() {
    let folder = folder("empty", &[("a.txt", ROOT)]);
    let fault = load_folder(&folder).expect_err("it is refused");
    assert_eq!(
        fault,
        "conf.d: cannot be read: no file in this folder ends in .yml or .yaml"
    );
    fs::create_dir(folder.path().join("b.yml")).expect("a folder");
    let fault = load_folder(&folder).expect_err("it is refused");
    assert!(
        fault.starts_with("conf.d/b.yml: cannot be read: "),
        "{fault}"
    );
}

#[test]
fn a_variable_that_is_not_set_is_a_fault_with_its_line() {
    let text =
        format!("route: {{receiver: a}}\n{RECEIVERS}").replace("http://x", "${ALERTWHEEL_UNSET}");
    let fault = faults(&text);
    let expected = "f.yml:5: receivers[0].webhook_configs[0].url: the environment variable ALERTWHEEL_UNSET is not set; ";
    assert!(fault.starts_with(expected), "{fault}");
}

#[test]
fn a_configuration_is_made_again_from_what_it_was_made_from() {
    let text = "route: {receiver: '${A}'}\nreceivers: [{name: a}]\ntemplates: ['none/*.tmpl']\n";
    let inputs = Inputs {
        files: vec![("f.yml".into(), text.into())],
        variables: [("A".to_owned(), "a".to_owned())].into(),
        ..Inputs::default()
    };
    let templates = [TemplateFile {
        path: "none/a.tmpl".into(),
        text: "{{ define \"t\" }}x{{ end }}".into(),
    }];
    let again = load_again(&inputs, &templates, LoadOptions::default(), try_nothing);
    let config = again.expect("a configuration").config;
    assert_eq!(&*config.route.receiver.name, "a");
    assert_eq!(config.templates, templates);
    assert_eq!(config.inputs, inputs);
    assert!(
        config.original.contains("receiver: a"),
        "{}",
        config.original
    );
}

#[test]
fn a_password_from_a_variable_stays_masked() {
    let text = "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs:\n  - url: http://a.example/${P}\n    \
                http_config: {basic_auth: {username: '${U}', password: '${P}'}}\n";
    let inputs = Inputs {
        files: vec![("f.yml".into(), text.into())],
        variables: [("P", "hunter2"), ("U", "somebody")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Inputs::default()
    };
    let again = load_again(&inputs, &[], LoadOptions::default(), try_nothing);
    let original = again.expect("a configuration").config.original;
    assert!(original.contains("username: somebody"), "{original}");
    assert!(!original.contains("hunter2"), "{original}");
}
