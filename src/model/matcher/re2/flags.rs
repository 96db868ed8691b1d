//! The flags of a pattern, such as `(?i)`.
//!
//! Owns the set of flags that RE2 knows, and their spelling for the `regex` crate. Pure; runs on the calling
//! thread.

use super::cursor::Cursor;

/// The flags in effect at a position of a pattern.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    /// Whether `x*` is lazy and `x*?` greedy. The translator applies it to each repetition, so the crate does
    /// not get it as a flag.
    pub(super) swaps_greed: bool,
}

impl Flags {
    /// Takes flags and the `:` or `)` after them; `None` if they are invalid.
    pub(super) fn take(cursor: &mut Cursor<'_>, mut flags: Flags) -> Option<(Flags, char)> {
        let (mut is_on, mut saw_flag) = (true, false);
        loop {
            match cursor.next()? {
                'i' => flags.fold_case = is_on,
                'm' => flags.multi_line = is_on,
                's' => flags.dot_matches_newline = is_on,
                'U' => flags.swaps_greed = is_on,
                '-' if is_on => {
                    (is_on, saw_flag) = (false, false);
                    continue;
                }
                end @ (':' | ')') if is_on || saw_flag => return Some((flags, end)),
                _ => return None,
            }
            saw_flag = true;
        }
    }

    /// Whether a letter matches both of its cases.
    pub(super) fn folds_case(self) -> bool {
        self.fold_case
    }

    /// The start of a group in which exactly these flags are set, without its last character.
    pub(super) fn spelled(self) -> String {
        let all = [
            ('i', self.fold_case),
            ('m', self.multi_line),
            ('s', self.dot_matches_newline),
        ];
        let pick = |wanted| -> String {
            all.iter()
                .filter(|(_, is_on)| *is_on == wanted)
                .map(|(sign, _)| *sign)
                .collect()
        };
        let off = pick(false);
        let dash = if off.is_empty() { "" } else { "-" };
        format!("(?{}{dash}{off}", pick(true))
    }
}
