//! The check that a url made by a template has the host that the template's text names.
//!
//! PURE. Owns the rule that the literal text around the templates of a host is still there after rendering.
//! Without the rule a client that posts alerts could choose, by a label with a slash in it, the host that
//! gets the authorization and secret headers. Runs on send threads.

/// Template actions that choose text, so that the literal text beside them may be missing from the result.
const CHOICES: [&str; 9] = [
    "if", "else", "end", "range", "with", "block", "define", "template", "break",
];

/// Whether host, port and user of `rendered` begin and end like those of `template`. A host that is entirely
/// a template may be any host. A host with a choosing action is not checked.
pub fn keeps_its_host(template: &str, rendered: &str) -> bool {
    let Some(Surroundings { before, after }) = Surroundings::of(template) else {
        return true;
    };
    let authority = rendered.split_once("://").map_or("", |(_, rest)| rest);
    let end = authority.find(['/', '?', '#', '\\']);
    let authority = &authority[..end.unwrap_or(authority.len())];
    let inner = authority.strip_prefix(before);
    let inner = inner.and_then(|rest| rest.strip_suffix(after));
    // An @ would make the text before it a user, and the text after it the host.
    inner.is_some_and(|inner| !inner.contains('@'))
}

/// The literal text before and after the templates of a host.
struct Surroundings<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> Surroundings<'a> {
    /// The surroundings in `template`; `None` if its host has no template, or a choosing action.
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
