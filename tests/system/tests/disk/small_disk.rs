//! A disk that fills up soon.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system of its own, of a few MiB.
#[derive(Debug)]
pub(super) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts it. Nothing, and a line that says so, where this machine does not let us.
    pub(super) fn mount(mebibytes: u32, test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let options = format!("size={mebibytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "loquat-test"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            Ok(output) => {
                eprintln!("SKIPPED {test}: no file system may be mounted: {}", String::from_utf8_lossy(&output.stderr));
                None
            }
            Err(error) => {
                eprintln!("SKIPPED {test}: no file system may be mounted: {error}");
                None
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it to its last byte.
    pub(super) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        for block in [1 << 16, 1 << 12, 1] {
            while ballast.write(&vec![7; block]).is_ok_and(|written| written == block) {}
        }
    }

    /// Makes room again.
    pub(super) fn clear(&self) {
        fs::remove_file(self.ballast()).expect("a file");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whatever still runs on it goes first.
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.folder.path().display());
        }
    }
}
