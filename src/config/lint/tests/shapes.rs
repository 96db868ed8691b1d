//! Common shapes of public configurations, rebuilt with invented names: none of them earns a warning.

use crate::config::{LoadOptions, Unsupported, parse};

/// The shapes, each behind a line `# === name`.
const SHAPES: &str = include_str!("shapes.txt");

#[test]
fn common_configurations_earn_no_warning() {
    let options = LoadOptions {
        unsupported: Unsupported::Skip,
        ..LoadOptions::default()
    };
    let shapes: Vec<_> = SHAPES.split("# === ").skip(1).collect();
    for shape in &shapes {
        let (name, text) = shape.split_once('\n').expect("a name and a text");
        let loaded = match parse(name, text, options) {
            Ok(loaded) => loaded,
            Err(faults) => panic!("{faults}"),
        };
        // What is not built is warned of by design.
        let warnings: Vec<_> = loaded
            .warnings
            .into_iter()
            .filter(|warning| !warning.contains("sends NOTHING"))
            .collect();
        assert_eq!(warnings, [""; 0], "{name}");
    }
    assert_eq!(shapes.len(), 40);
}
