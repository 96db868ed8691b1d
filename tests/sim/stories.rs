//! Every file of `tests/stories`, played and compared with the timeline it expects.
//!
//! `UPDATE_STORIES=1 cargo test --test sim stories` writes the timelines anew; read the diff.

use std::fs;
use std::path::{Path, PathBuf};

use crate::script::Story;

#[test]
fn every_story_ends_as_it_is_told() {
    let files = story_files();
    assert!(files.len() >= 15, "the stories are gone");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable story");
        let story = Story::read(&text);
        let timeline = story.play();
        if timeline == story.then {
            continue;
        }
        if std::env::var_os("UPDATE_STORIES").is_some() {
            fs::write(&file, rewritten(&story, &timeline)).expect("a writable story");
        } else {
            wrong.push(format!(
                "{}\n--- expected\n{}\n--- happened\n{timeline}\n",
                file.display(),
                story.then
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rewritten(story: &Story, timeline: &str) -> String {
    let mut text = story.head.clone();
    for line in timeline.lines() {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn story_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let entries = fs::read_dir(folder).expect("the folder of stories");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    files
}
