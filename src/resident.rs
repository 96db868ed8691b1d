//! What stays resident of the program's own file once it has started.
//!
//! Owns the one call that lets go of it, and with that the only `unsafe` block there is. Reading flags,
//! YAML and certificates and compiling regexes touches nearly all of the program, and the host maps
//! sixteen pages where one is touched; while nothing happens next to none of it is needed. Runs where
//! a thread is awake anyway: on main before it waits for calls, that is after the start and after each
//! reload; and once on journal-sync, when those who wait for a daemon to be ready have their answer.
//! Wakes nobody, and needs no timer.
//!
//! What this does: the pages are no longer mapped by this process, so they do not count as its resident
//! memory, and the host may use their room for something better before it has to look for anything
//! that is mapped. What it does not do: free memory at once. They stay in the page cache, where a
//! program that runs twice has them once, until the host needs the room. The next use of each sixteen
//! pages costs a minor fault, some microseconds; a read from the disk only if the host did need it. One
//! request touches some thirty such places, so the first after it takes some half a millisecond longer.
//!
//! It concerns pages that are the same as in the file alone: of a mapping that holds a single page that
//! was written to, all stay, such as the relocated tables that are read-only by now. Libraries stay as
//! well, since others have most of their pages mapped anyway. Where `/proc` does not say all that
//! (another system, a kernel without it), nothing is let go of.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;

/// Lets go of the pages of the program's file; those that are needed come back as they are touched.
pub fn let_go() {
    let Ok(smaps) = File::open("/proc/self/smaps") else {
        return;
    };
    // Whichever file this function was mapped from is the program's, whatever its name is by now.
    let here = (let_go as fn() as *const ()).addr();
    for mapping in unchanged(BufReader::new(smaps), here) {
        unmap_pages(&mapping);
    }
}

/// Has the host unmap the pages of a mapping that [`unchanged`] found; the mapping itself stays.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "only a system call gives pages back, and it takes addresses"
)]
fn unmap_pages(mapping: &Mapping) {
    use std::ptr::with_exposed_provenance_mut;

    use rustix::mm::{Advice, madvise};

    let Range { start, end } = mapping.addresses;
    // SAFETY: The kernel drops what it can fetch again: the mapping is of a file, cannot be written to,
    // and holds no page that differs from the file (a page of this process's own would be lost). So
    // whoever touches an address in it, this thread's next instruction included, finds the same bytes
    // there as before. It is a mapping of the program itself, which the loader has made before `main`
    // and nobody changes, so what was true of these addresses a moment ago still is.
    let dropped = unsafe {
        madvise(
            with_exposed_provenance_mut(start),
            end - start,
            Advice::LinuxDontNeed,
        )
    };
    // Refused where somebody has locked them in memory; then they are to stay.
    let _ = dropped;
}

#[cfg(not(target_os = "linux"))]
fn unmap_pages(_: &Mapping) {}

/// A mapping, as `/proc/self/smaps` tells of it: a line that begins with its addresses, and lines of
/// one figure each.
#[derive(Debug)]
struct Mapping {
    addresses: Range<usize>,
    is_writable: bool,
    /// Device and inode of the file, if it is one of a file.
    file: Option<String>,
    /// KiB that differ from the file because somebody has written there.
    anonymous: Option<u64>,
    /// KiB of those that were swapped out.
    swapped: Option<u64>,
}

impl Mapping {
    /// The mapping that a line begins, if it begins one.
    fn begun_by(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |digits| usize::from_str_radix(digits, 16).ok();
        let (permissions, _offset) = (words.next()?, words.next()?);
        let (device, inode) = (words.next()?, words.next()?);
        Some(Mapping {
            addresses: address(start)?..address(end)?,
            is_writable: permissions.contains('w'),
            file: (inode != "0").then(|| format!("{device} {inode}")),
            anonymous: None,
            swapped: None,
        })
    }

    /// Takes note of a figure.
    fn note(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace();
        let figure = match words.next() {
            Some("Anonymous:") => &mut self.anonymous,
            Some("Swap:") => &mut self.swapped,
            _ => return,
        };
        *figure = words.next().and_then(|kib| kib.parse().ok());
    }

    /// Whether each of its pages is the same as in its file, and remains so. What is not known is not.
    fn is_unchanged(&self) -> bool {
        !self.is_writable && self.anonymous == Some(0) && self.swapped == Some(0)
    }
}

/// The mappings of the file that `here` is mapped from, as far as they are unchanged. They lie side by
/// side, so the many that come after them are not read.
fn unchanged(smaps: impl BufRead, here: usize) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    let mut program = None;
    for line in smaps.lines().map_while(Result::ok) {
        let Some(mapping) = Mapping::begun_by(&line) else {
            if let Some(last) = mappings.last_mut() {
                last.note(&line);
            }
            continue;
        };
        if mapping.addresses.contains(&here) {
            program.clone_from(&mapping.file);
        } else if mapping.addresses.start > here && mapping.file != program {
            break;
        }
        mappings.push(mapping);
    }
    mappings.retain(|it| it.file.is_some() && it.file == program && it.is_unchanged());
    mappings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program from 0x1000 to 0x6000, and what lies around it. Its last but one was relocated.
    const SMAPS: &str = "\
0800-1000 r--p 00000000 fe:00 7 /lib/first.so
Anonymous:             0 kB
Swap:                  0 kB
1000-2000 r--p 00000000 fe:00 42 /usr/bin/a name (deleted)
Rss:                1216 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
Swap:                  0 kB
SwapPss:               0 kB
VmFlags: rd mr mw me sd
2000-4000 r-xp 00001000 fe:00 42 /usr/bin/a name (deleted)
Anonymous:             0 kB
Swap:                  0 kB
4000-5000 r--p 00003000 fe:00 42 /usr/bin/a name (deleted)
Anonymous:             4 kB
Swap:                  0 kB
5000-6000 rw-p 00004000 fe:00 42 /usr/bin/a name (deleted)
Anonymous:             0 kB
Swap:                  0 kB
6000-7000 rw-p 00000000 00:00 0 [heap]
Anonymous:             0 kB
Swap:                  0 kB
7000-8000 r-xp 00000000 fe:00 7 /lib/second.so
Anonymous:             0 kB
Swap:                  0 kB
";

    const TEXT: usize = 0x2345;

    const NONE: [Range<usize>; 0] = [];

    fn found(smaps: &str, here: usize) -> Vec<Range<usize>> {
        let mappings = unchanged(smaps.as_bytes(), here);
        mappings.into_iter().map(|it| it.addresses).collect()
    }

    #[test]
    fn only_what_is_the_same_in_the_programs_file_is_let_go_of() {
        assert_eq!(found(SMAPS, TEXT), [0x1000..0x2000, 0x2000..0x4000]);
    }

    #[test]
    fn a_page_of_our_own_keeps_its_mapping_also_when_it_was_swapped_out() {
        let text = "2000-4000 r-xp 00001000 fe:00 42 /usr/bin/a name (deleted)\n";
        for page in ["Anonymous: 4 kB\nSwap: 0 kB", "Anonymous: 0 kB\nSwap: 4 kB"] {
            let written = format!("{text}{page}\n4000-5000 rw-p 00000000 00:00 0\n");
            assert_eq!(found(&written, TEXT), NONE, "{page}");
        }
    }

    #[test]
    fn what_is_not_told_is_not_taken_for_unchanged() {
        for (figure, word) in [
            ("Anonymous:", "Other:"),
            ("Swap:", "Other:"),
            (" 0 kB", " ?"),
        ] {
            assert_eq!(found(&SMAPS.replace(figure, word), TEXT), NONE, "{figure}");
        }
        assert_eq!(found("", TEXT), NONE);
    }

    #[test]
    fn a_program_that_is_in_no_file_stays() {
        assert_eq!(found(&SMAPS.replace("fe:00 42", "00:00 0"), TEXT), NONE);
        assert_eq!(found(SMAPS, 0x9000), NONE, "nothing is mapped there");
    }

    /// Lies where the loader has written addresses before it made it read-only.
    static RELOCATED: [&str; 2] = ["one", "two"];

    #[cfg(target_os = "linux")]
    #[test]
    fn of_this_very_process_the_text_and_no_page_that_was_written_to_is_found() {
        let smaps = BufReader::new(File::open("/proc/self/smaps").expect("a kernel that tells"));
        let here = (let_go as fn() as *const ()).addr();
        let mappings = unchanged(smaps, here);
        let has = |address| mappings.iter().any(|it| it.addresses.contains(&address));
        assert!(has(here), "{mappings:?}");
        let relocated = std::hint::black_box(&RELOCATED);
        assert!(!has(std::ptr::from_ref(relocated).addr()), "{mappings:?}");
        let on_the_heap = Box::new(0);
        assert!(
            !has(std::ptr::from_ref(&*on_the_heap).addr()),
            "{mappings:?}"
        );
    }

    #[test]
    fn what_was_let_go_of_is_there_at_the_next_touch() {
        let sum = |texts: &[&str]| texts.concat().bytes().map(u64::from).sum::<u64>();
        let before = (sum(&RELOCATED), sum(&[SMAPS]));
        let_go();
        assert_eq!((sum(&RELOCATED), sum(&[SMAPS])), before);
        assert_eq!(RELOCATED.concat(), "onetwo");
    }
}
