//! Whether a url that was made by a template leads to the host that its text names.
//!
//! PURE. Owns the rule that what stands around the templates of a host stays around them: who can post an
//! alert must not choose, by a label with a slash in it, where authorization and secret headers are sent.
//! Runs on send threads.

/// Actions that choose what follows them, so that what stands beside them need not be there.
const CHOICES: [&str; 9] = [
    "if", "else", "end", "range", "with", "block", "define", "template", "break",
];

/// The host, port and user of `rendered` begin and end as those of the `template` do. A host that is all
/// template may be anything, and one that a template chooses is not looked at.
pub fn keeps_its_host(template: &str, rendered: &str) -> bool {
    let Some(Surroundings { before, after }) = Surroundings::of(template) else {
        return true;
    };
    let authority = rendered.split_once("://").map_or("", |(_, rest)| rest);
    let end = authority.find(['/', '?', '#', '\\']);
    let authority = &authority[..end.unwrap_or(authority.len())];
    let inner = authority.strip_prefix(before);
    let inner = inner.and_then(|rest| rest.strip_suffix(after));
    // What comes before an @ is a user, and no host.
    inner.is_some_and(|inner| !inner.contains('@'))
}

/// What stands around the templates of a host.
struct Surroundings<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> Surroundings<'a> {
    /// `None` if there is no template in the host, or one that chooses.
    fn of(template: &'a str) -> Option<Self> {
        let (scheme, text) = template.split_once("://")?;
        if scheme.contains("{{") {
            return None;
        }
        let is_end = |piece: &str| piece.find(['/', '?', '#']);
        let (before, mut rest) = text.split_once("{{")?;
        if is_end(before).is_some() {
            return None;
        }
        loop {
            let (action, after) = rest.split_once("}}")?;
            let action = action.trim_start_matches('-').trim_start();
            let word = action.split(|c: char| !c.is_ascii_alphabetic()).next();
            if word.is_some_and(|word| CHOICES.contains(&word)) {
                return None;
            }
            let (piece, further) = after.split_once("{{").unwrap_or((after, ""));
            if let Some(end) = is_end(piece) {
                let after = &piece[..end];
                return Some(Surroundings { before, after });
            }
            if further.is_empty() {
                let after = piece;
                return Some(Surroundings { before, after });
            }
            rest = further;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leads_to_no_host_but_those_that_the_text_allows() {
        let v = "{{ .CommonLabels.v }}";
        for (template, rendered, keeps) in [
            (
                format!("http://{v}.example.com/x"),
                "http://a.example.com/x",
                true,
            ),
            (
                format!("http://{v}.example.com/x"),
                "http://127.0.0.2:9/y?.example.com/x",
                false,
            ),
            (
                format!("http://{v}.example.com/x"),
                "http://evil#.example.com/x",
                false,
            ),
            (
                format!("http://{v}.example.com/x"),
                "http://evil\\.example.com/x",
                false,
            ),
            (
                format!("http://{v}.example.com"),
                "http://evil/.example.com",
                false,
            ),
            (format!("http://box:{v}/"), "http://box:9093/", true),
            (format!("http://box:{v}/"), "http://box:u@evil/", false),
            (
                format!("http://u:p@{v}.lan:80/"),
                "http://u:p@a.lan:80/",
                true,
            ),
            (
                format!("http://u:p@{v}.lan:80/"),
                "http://u:p@evil/.lan:80/",
                false,
            ),
            (format!("http://{v}-{v}:80?a"), "http://a-b:80?a", true),
            (format!("http://{v}-{v}:80?a"), "http://evil/-b:80?a", false),
        ] {
            assert_eq!(
                keeps_its_host(&template, rendered),
                keeps,
                "{template} {rendered}"
            );
        }
    }

    #[test]
    fn where_the_text_says_nothing_of_the_host_anything_goes() {
        for template in [
            "{{ .CommonLabels.url }}",
            "{{ .CommonLabels.scheme }}://box/",
            "http://{{ .CommonLabels.host }}/x",
            "http://box/{{ .CommonLabels.path }}",
            "http://{{ if .CommonLabels.v }}a.lan/{{ else }}b.lan/{{ end }}x",
            "http://{{ unfinished",
            "http://box/",
        ] {
            assert!(keeps_its_host(template, "http://b.lan/x"), "{template}");
        }
    }
}
