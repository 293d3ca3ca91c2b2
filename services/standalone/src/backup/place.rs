//! Where a backup goes: beside its place first, and there when it is complete.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use loquat_runtime::SettingError;

use super::{Manifest, archive};
use crate::data;

/// A place that nothing is at yet. Dropped before it is published it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Place {
    to: PathBuf,
    parent: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// Takes a place, and makes a folder beside it to work in.
    ///
    /// # Errors
    ///
    /// Where something is there, or the folder above is not.
    pub(super) fn take(to: &Path) -> anyhow::Result<Self> {
        let wrong = |problem: String| SettingError::new("--to", problem);
        if fs::symlink_metadata(to).is_ok() {
            return Err(wrong(format!("{} is there already, and is not written over", to.display())).into());
        }
        let name = to.file_name().ok_or_else(|| wrong(format!("{} is no name", to.display())))?.to_owned();
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let parent = parent.canonicalize().map_err(|error| wrong(format!("{}: {error}", parent.display())))?;
        let folder = parent.join(beside(&name));
        data::make_private(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self { to: parent.join(name), parent, folder })
    }

    /// Where to work.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts what was made in its place, durably, and returns that.
    pub(super) fn publish(self, manifest: &Manifest) -> anyhow::Result<PathBuf> {
        data::sync_folder(&self.folder)?;
        if self.to.extension().is_some_and(|end| end == "tar") {
            let packed = self.folder.join("packed");
            archive::pack(&self.folder, manifest, &packed).context("the archive cannot be written")?;
            // A link fails where something has come to be there, which a rename would write over.
            fs::hard_link(&packed, &self.to).with_context(|| format!("{} cannot be made", self.to.display()))?;
        } else {
            // This fails where a folder with something in it has come to be there.
            fs::rename(&self.folder, &self.to).with_context(|| format!("{} cannot be made", self.to.display()))?;
        }
        data::sync_folder(&self.parent)?;
        Ok(self.to.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("warning: {} is left: {error}", self.folder.display());
            }
            _ => {}
        }
    }
}

/// Nobody else's, and seen to be no backup.
fn beside(name: &OsString) -> OsString {
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".partial-{}", std::process::id()));
    beside
}
