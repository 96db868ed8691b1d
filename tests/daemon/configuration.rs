//! Tests of where a configuration comes from: folders and variables, files that change while the daemon runs, and
//! the last good one where the file is wrong.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use crate::process::{CONFIG_FILE, Daemon, Setup};
use crate::receiver::Receiver;
use crate::samples::{firing, told_soon};
use crate::time::wait_until;

const LAST_GOOD: &str = "alertwheel_config_last_good";
const HASH: &str = "alertmanager_config_hash";
const SUCCESSFUL: &str = "alertmanager_config_last_reload_successful";
const LOADED: &str = "Completed loading of configuration file";

fn original(daemon: &Daemon) -> String {
    let status = daemon.get("/api/v2/status").json();
    status["config"]["original"]
        .as_str()
        .expect("a text")
        .to_owned()
}

#[test]
fn a_folder_is_one_configuration_and_a_reload_takes_a_new_file_in() {
    let (root, team) = (Receiver::healthy(), Receiver::healthy());
    let setup = Setup::bare();
    fs::create_dir(setup.folder().join("conf.d")).expect("a folder");
    let first = told_soon(&root);
    let daemon = setup
        .file("conf.d/10-root.yml", &first)
        .argument("--config.file=conf.d")
        .start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(root.next().summary(), "first notification: a=firing");
    let second = format!(
        "route: {{routes: [{{receiver: other, matchers: [alertname=Load]}}]}}\n\
         receivers: [{{name: other, webhook_configs: [{{url: '{}'}}]}}]\n",
        team.url()
    );
    daemon.write("conf.d/20-team.yml", &second);
    assert_eq!(daemon.connect().post("/-/reload", b"").status, 200);
    daemon.post(&[firing("Load", "b")]);
    assert_eq!(team.next().summary(), "first notification: b=firing");
    daemon.write("conf.d/30-again.yml", "receivers: [{name: other}]\n");
    let reply = daemon.connect().post("/-/reload", b"");
    assert_eq!(reply.status, 500);
    let text = reply.text();
    assert!(
        text.contains("\"other\" is also in conf.d/20-team.yml:2"),
        "{text}"
    );
}

#[test]
fn variables_are_in_force_and_in_the_hash_and_never_shown_where_they_are_secret() {
    let receiver = Receiver::healthy();
    let text = told_soon(&receiver).replace(&receiver.url(), "${HOOK}");
    let text = text.replace("receiver: team", "receiver: '${TEAM:-team}'");
    let with = |hook: &str| {
        let setup = Setup::with_config(&text).argument("--storage.path=");
        setup.variable("HOOK", hook).start()
    };
    let daemon = with(&receiver.url());
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().summary(), "first notification: a=firing");
    let shown = original(&daemon);
    assert!(
        shown.contains("receiver: team") && shown.contains("url: <secret>"),
        "{shown}"
    );
    let elsewhere = with(&format!("{}elsewhere", receiver.url()));
    assert_ne!(daemon.scrape().value(HASH), elsewhere.scrape().value(HASH));
}

#[test]
fn a_changed_file_is_loaded_by_itself_once_it_is_whole() {
    let (old, new) = (Receiver::healthy(), Receiver::healthy());
    let daemon = Setup::with_config(&told_soon(&old))
        .argument("--config.watch")
        .start();
    // The first half of a file that somebody writes slowly, and then all of it.
    let text = told_soon(&new);
    daemon.write(CONFIG_FILE, &text[..text.len() / 2]);
    daemon.write(CONFIG_FILE, &text);
    wait_until("the new file is loaded", || daemon.log().contains(LOADED));
    assert!(
        !daemon.log().contains("Loading configuration file failed"),
        "{}",
        daemon.log()
    );
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(new.next().summary(), "first notification: a=firing");
    // A wrong file is told once, and changes nothing.
    daemon.write(CONFIG_FILE, "route: []\n");
    wait_until("the wrong file is refused", || {
        daemon.scrape().value(SUCCESSFUL) == 0.0
    });
    daemon.post(&[firing("Load", "b")]);
    assert_eq!(new.next().summary(), "first notification: b=firing");
    assert!(old.so_far().is_empty());
}

#[test]
fn a_folder_that_is_swapped_by_a_link_is_loaded_by_itself() {
    // As Kubernetes does with the files of a ConfigMap.
    let (old, new) = (Receiver::healthy(), Receiver::healthy());
    let setup = Setup::bare();
    let folder = setup.folder().join("conf.d");
    for (version, receiver) in [("..1", &old), ("..2", &new)] {
        fs::create_dir_all(folder.join(version)).expect("a folder");
        fs::write(folder.join(version).join("a.yml"), told_soon(receiver)).expect("a file");
    }
    symlink("..1", folder.join("..data")).expect("a link");
    symlink("..data/a.yml", folder.join("a.yml")).expect("a link");
    let daemon = setup
        .arguments(&["--config.file=conf.d", "--config.watch"])
        .start();
    symlink("..2", folder.join("..next")).expect("a link");
    fs::rename(folder.join("..next"), folder.join("..data")).expect("it is swapped");
    wait_until("the new folder is loaded", || daemon.log().contains(LOADED));
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(new.next().summary(), "first notification: a=firing");
    assert!(old.so_far().is_empty());
}

#[test]
fn a_template_file_that_changes_is_loaded_by_itself() {
    let receiver = Receiver::healthy();
    let text =
        told_soon(&receiver).replace("'}]", "', payload: {text: '{{ template \"t\" . }}'}}]");
    let text = format!("{text}templates: ['*.tmpl']\n");
    let setup = Setup::with_config(&text).file("a.tmpl", "{{ define \"t\" }}one{{ end }}");
    let daemon = setup.argument("--config.watch").start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().body()["text"], "one");
    daemon.write("a.tmpl", "{{ define \"t\" }}two{{ end }}");
    wait_until("the new template is loaded", || {
        daemon.log().contains(LOADED)
    });
    daemon.post(&[firing("Load", "b")]);
    assert_eq!(receiver.next().body()["text"], "two");
}

#[test]
fn a_start_on_a_wrong_file_falls_back_to_the_last_good_one_and_says_so() {
    let receiver = Receiver::healthy();
    let text =
        told_soon(&receiver).replace("'}]", "', payload: {text: '{{ template \"t\" . }}'}}]");
    let text = format!("{text}templates: ['*.tmpl']\n");
    let text = text.replace("receiver: team", "receiver: '${TEAM}'");
    let flag = "--config.last-good";
    let setup = Setup::with_config(&text).file("a.tmpl", "{{ define \"t\" }}one{{ end }}");
    let daemon = setup.argument(flag).variable("TEAM", "team").start();
    let hash = daemon.scrape().value(HASH);
    assert_eq!(daemon.scrape().value(LAST_GOOD), 0.0);
    let kept = daemon.folder().join("data/last-good.json");
    assert_eq!(
        fs::metadata(&kept).expect("it is kept").mode() & 0o777,
        0o600
    );

    // Everything is wrong: the file, the template, and the variable is gone.
    daemon.write(CONFIG_FILE, "route: {receiver: nobody}\n");
    daemon.write("a.tmpl", "{{ define");
    let daemon = daemon.kill().start();
    let log = daemon.log();
    assert!(
        log.contains("the last good one is in force instead"),
        "{log}"
    );
    assert!(
        log.contains("level=ERROR") && log.contains("config.yml:1"),
        "{log}"
    );
    let scrape = daemon.scrape();
    assert_eq!(
        (scrape.value(LAST_GOOD), scrape.value(SUCCESSFUL)),
        (1.0, 0.0)
    );
    assert_eq!(scrape.value(HASH), hash);
    let ready = daemon.get("/-/ready");
    assert_eq!(ready.status, 200);
    assert!(
        ready
            .text()
            .contains("on the last good configuration: config.yml"),
        "{}",
        ready.text()
    );
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().body()["text"], "one");

    // The file is put right.
    daemon.write(CONFIG_FILE, &told_soon(&receiver));
    assert_eq!(daemon.connect().post("/-/reload", b"").status, 200);
    assert_eq!(daemon.scrape().value(LAST_GOOD), 0.0);
    assert_eq!(daemon.get("/-/ready").text(), "OK");
}

#[test]
fn without_the_flag_or_a_last_good_one_a_wrong_file_ends_the_start() {
    let wrong = "route: {receiver: nobody}\n";
    let ended = Setup::with_config(wrong)
        .argument("--config.last-good")
        .run();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.log.contains("There is no last good configuration"),
        "{}",
        ended.log
    );
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    assert!(!daemon.folder().join("data/last-good.json").exists());
    let flags = [
        "--config.last-good",
        "--storage.path=",
        "--web.listen-address=127.0.0.1:0",
    ];
    let nowhere = daemon.another().arguments(&flags).run();
    assert_eq!(nowhere.code, Some(1));
    assert!(
        nowhere
            .log
            .contains("--config.last-good needs a --storage.path"),
        "{}",
        nowhere.log
    );
}

#[test]
fn a_migrated_file_starts_and_what_was_changed_is_told() {
    let receiver = Receiver::healthy();
    let chat = "  jira_configs:\n  - project: OPS\n    issue_type: Bug\n";
    let text =
        told_soon(&receiver).replace("  webhook_configs", &format!("{chat}  webhook_configs"));
    let text = format!(
        "{text}inhibit_rules: [{{source_matchers: ['a=\"${{B}}\"'], target_matchers: [c=d], equal: [e]}}]\n"
    );
    let setup = Setup::with_config(&text);
    let migrated = setup
        .sibling()
        .arguments(&["migrate", CONFIG_FILE, "-o", "new.yml"])
        .run();
    assert_eq!(migrated.code, Some(0), "{}", migrated.log);
    let told = &migrated.log;
    for words in [
        "made a comment: config.yml:5: receivers[0].jira_configs",
        "changed: $${NAME}",
        "works: 1 routes, 1 receivers, 1 webhooks",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let again = setup
        .sibling()
        .arguments(&["migrate", CONFIG_FILE, "-o", "new.yml"])
        .run();
    assert_eq!(
        again.code,
        Some(1),
        "a file that is there is not overwritten"
    );
    assert!(again.log.contains("new.yml: File exists"), "{}", again.log);
    let daemon = setup.sibling().argument("--config.file=new.yml").start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().summary(), "first notification: a=firing");
}
