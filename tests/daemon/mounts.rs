//! File systems of limited size, which a test can fill or make read-only.
//!
//! Owns mounts, and unmounts them. Mounting needs root: without root a test that needs a mount prints a
//! visible message and ends, but in CI it fails.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file system in memory.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    /// A file system of `mebibytes`; `None` where this user may not mount any.
    pub fn mount(mebibytes: u32) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mount-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder for a test");
        let size = format!("size={mebibytes}m");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], &path) {
            return Some(Tmpfs(path));
        }
        let _ = fs::remove_dir(&path);
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI file systems can be mounted"
        );
        // The harness catches what is printed; this it does not.
        let _ = std::io::stderr().write_all(
            b"\n*** NOT TESTED: this user may not mount file systems; run as root ***\n\n",
        );
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Lets nobody write there, or lets them again.
    pub fn set_read_only(&self, is_read_only: bool) {
        let mode = if is_read_only { "ro" } else { "rw" };
        let options = format!("remount,{mode}");
        assert!(mount(&["-o", &options], &self.0), "it is ours");
    }

    /// Takes up all room but so many bytes, in a file that can be removed again.
    pub fn fill_but(&self, bytes_left: usize) -> PathBuf {
        let path = self.0.join("filler");
        let mut filler = fs::File::create(&path).expect("it is ours");
        let page = [0; 4096];
        while filler.write_all(&page).is_ok() {}
        let length = filler.metadata().expect("our own file").len();
        filler
            .set_len(length - bytes_left as u64)
            .expect("our own file");
        path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: it goes once nobody has a file open there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

fn mount(options: &[&str], path: &Path) -> bool {
    let mounted = Command::new("mount").args(options).arg(path).output();
    mounted.is_ok_and(|output| output.status.success())
}
