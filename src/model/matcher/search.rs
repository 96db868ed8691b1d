//! Regular expressions for the search and replace functions of templates.
//!
//! Owns the meaning of references in a replacement: `$1`, `${name}` and `$$`, as in Go, which differs from
//! the `regex` crate. The crate decides which part of a text matches: the leftmost match, and among those the
//! first alternative, as in Go. Pure; runs on send threads and on the thread that loads the configuration.

use regex::{Captures, Regex};

use super::re2;

/// A regular expression that matches anywhere in a text.
#[derive(Clone, Debug)]
pub struct SearchPattern {
    regex: Regex,
    /// The names of the groups, from the first on; empty for unnamed groups.
    group_names: Vec<String>,
}

/// A reference of a replacement, which begins with `$`.
enum Reference<'t> {
    Dollar,
    Number(usize),
    Name(&'t str),
}

impl SearchPattern {
    /// Compiles `pattern`; the error is in Go's words.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let (regex, group_names) =
            re2::compile_search(pattern).map_err(|fault| fault.to_string())?;
        Ok(SearchPattern { regex, group_names })
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_found_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// `text` with every match replaced by `replacement`; `None` if the result is longer than `most` bytes.
    pub fn replace_all(&self, text: &str, replacement: &str, most: usize) -> Option<String> {
        let mut out = String::new();
        let mut end = 0;
        for found in self.regex.captures_iter(text) {
            let whole = found.get_match();
            out.push_str(&text[end..whole.start()]);
            self.expand(&found, replacement, &mut out);
            end = whole.end();
            if out.len() > most {
                return None;
            }
        }
        out.push_str(&text[end..]);
        Some(out).filter(|out| out.len() <= most)
    }

    fn expand(&self, found: &Captures<'_>, replacement: &str, out: &mut String) {
        let mut rest = replacement;
        while let Some((plain, behind)) = rest.split_once('$') {
            out.push_str(plain);
            rest = behind;
            let Some((reference, length)) = take_reference(behind) else {
                // A `$` without a valid reference is a literal dollar sign.
                out.push('$');
                continue;
            };
            rest = &behind[length..];
            out.push_str(match reference {
                Reference::Dollar => "$",
                Reference::Number(number) => text_of(found, number),
                Reference::Name(name) => self.named(found, name),
            });
        }
        out.push_str(rest);
    }

    /// The text of the first group with this name that took part in the match.
    fn named<'t>(&self, found: &Captures<'t>, name: &str) -> &'t str {
        let groups = self.group_names.iter().zip(1..);
        let mut texts = groups
            .filter(|(own, _)| *own == name)
            .filter_map(|(_, number)| found.get(number));
        texts.next().map_or("", |group| group.as_str())
    }
}

fn text_of<'t>(found: &Captures<'t>, number: usize) -> &'t str {
    found.get(number).map_or("", |group| group.as_str())
}

/// The reference in the text after a dollar sign, and its length; `None` if it is not a reference.
fn take_reference(text: &str) -> Option<(Reference<'_>, usize)> {
    if text.starts_with('$') {
        return Some((Reference::Dollar, 1));
    }
    let (is_braced, inner) = match text.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let is_word = |c: char| c.is_alphabetic() || c.is_numeric() || c == '_';
    let name = &inner[..inner.find(|c| !is_word(c)).unwrap_or(inner.len())];
    let is_whole = !is_braced || inner[name.len()..].starts_with('}');
    if name.is_empty() || !is_whole {
        return None;
    }
    let length = name.len() + if is_braced { 2 } else { 0 };
    let is_number =
        name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let reference = match name.parse() {
        Ok(number) if is_number => Reference::Number(number),
        _ => Reference::Name(name),
    };
    Some((reference, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, replacement: &str, text: &str) -> String {
        let pattern = SearchPattern::compile(pattern).expect("a pattern of RE2");
        pattern
            .replace_all(text, replacement, 1000)
            .expect("a short text")
    }

    #[test]
    fn lazy_repetitions_take_as_little_as_they_can() {
        for (pattern, replacement, text, expected) in [
            ("<.*?>", "", "<b>web1</b> is <i>down</i>", "web1 is down"),
            (r"(.+?)\..*", "$1", "web1.rack2.example.com", "web1"),
            ("a??b", "x", "ab", "x"),
            ("a{1,2}?", "x", "aa", "xx"),
            ("(?U)<.*>", "", "<b>web1</b>", "web1"),
            ("(?U)<.*?>", "", "<b>web1</b>x", "x"),
            ("(?U:a+)a*", "x", "aaa", "x"),
            ("(?:(?U)a+)(b|ba)", "x", "aba", "xa"),
            ("(?U)a+(?-U)b+", "x", "aabb", "x"),
            // A laziness that was put into a group, to be repeated again, stays with it.
            ("(?:<.*?>){2}", "x", "<a><b><c>", "x<c>"),
            ("<.*>", "", "<b>web1</b>", ""),
        ] {
            assert_eq!(replaced(pattern, replacement, text), expected, "{pattern}");
        }
    }

    #[test]
    fn a_dollar_sign_refers_to_a_group_or_stays() {
        for (replacement, expected) in [
            ("[$1]", "[a]"),
            ("$0$0", "abab"),
            ("${1}x", "ax"),
            // Without braces a name is as long as it can be.
            ("$1x", ""),
            ("$1.x", "a.x"),
            ("$n-${n}", "a-a"),
            ("$2$9", ""),
            ("$$1", "$1"),
            ("${}", "${}"),
            ("${-1}", "${-1}"),
            ("${1", "${1"),
            ("a$", "a$"),
            ("$ 1", "$ 1"),
            ("$01", ""),
            ("${größe}", ""),
            ("$99999999999999999999", ""),
        ] {
            assert_eq!(replaced("(?P<n>a)b", replacement, "ab"), expected);
        }
    }

    #[test]
    fn several_groups_may_share_a_name_which_may_be_a_number() {
        assert_eq!(replaced("(?P<n>a)|(?P<n>b)", "[$n]", "ab"), "[a][b]");
        assert_eq!(replaced("(x)(?P<1>c)", "$1", "xc"), "x");
        assert_eq!(replaced("(?P<01>c)", "$01", "c"), "c");
    }

    #[test]
    fn nothing_is_found_again_where_something_ended() {
        assert_eq!(replaced("x*", "-", "abxd"), "-a-b-d-");
        assert_eq!(replaced("", "-", "é"), "-é-");
        assert_eq!(replaced("$", "-", "a\n"), "a\n-");
        assert_eq!(replaced("(?m)$", "-", "a\nb"), "a-\nb-");
        assert_eq!(replaced("(?m)^", "-", "a\n"), "-a\n-");
    }

    #[test]
    fn what_grows_too_long_is_given_up() {
        let pattern = SearchPattern::compile("a").expect("a pattern");
        assert_eq!(pattern.replace_all(&"a".repeat(100), "$0$0", 199), None);
        let replaced = pattern.replace_all(&"a".repeat(100), "$0$0", 200);
        assert_eq!(replaced, Some("a".repeat(200)));
    }
}
