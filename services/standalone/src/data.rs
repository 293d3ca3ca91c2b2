//! The folder of data.

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use loquat_runtime::{Secret, SettingError};

pub(crate) const SETTING: &str = "LOQUAT_DATA_DIR";

/// The name of the folder's lock.
pub(crate) const LOCK: &str = "lock";
/// The name of the file that says that a restore was begun and has not ended.
pub(crate) const RESTORING: &str = "restoring";

/// For the owner alone.
const PRIVATE: u32 = 0o700;

/// The folder that the embedded stores lie in, held by this process alone.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The lock ends with the file, and so with the process, however that ends.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where there is none, and takes it, to serve from it.
    ///
    /// # Errors
    ///
    /// Names the setting where it cannot be made, another process has it, or a restore into it has not ended.
    pub fn open(path: &Path) -> Result<Self, SettingError> {
        let folder = Self::take(path)?;
        if folder.path.join(RESTORING).exists() {
            return Err(wrong(format!(
                "a restore into {} was begun and has not ended: run `loquat restore --force` again",
                path.display()
            )));
        }
        Ok(folder)
    }

    /// The same, whatever is in it.
    ///
    /// # Errors
    ///
    /// Names the setting where it cannot be made, or another process has it.
    pub(crate) fn take(path: &Path) -> Result<Self, SettingError> {
        // It holds the keys that sign tokens, and the hashes of passwords: nobody else on the machine may read it.
        make_private(path).map_err(|error| wrong(format!("{} cannot be made: {error}", path.display())))?;
        let path =
            path.canonicalize().map_err(|error| wrong(format!("{} cannot be found again: {error}", path.display())))?;
        let lock = File::create(path.join(LOCK))
            .map_err(|error| wrong(format!("{} cannot be written to: {error}", path.display())))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(wrong(format!("{} is in use by another process: end it, or choose another", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(wrong(format!("{} cannot be locked: {error}", path.display()))),
        }
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the URL of a store in the folder.
    ///
    /// # Errors
    ///
    /// Names the setting where the folder's name is not UTF-8, which a URL must be.
    pub fn sqlite(&self, name: &str) -> Result<Secret, SettingError> {
        sqlite_url(&self.path, name)
    }
}

/// Returns the URL of a store in a folder.
///
/// # Errors
///
/// Names the setting where the folder's name is not UTF-8, which a URL must be.
pub(crate) fn sqlite_url(folder: &Path, name: &str) -> Result<Secret, SettingError> {
    let path = folder.join(format!("{name}.sqlite"));
    let path = path.to_str().ok_or_else(|| wrong("its name must be UTF-8"))?;
    // What begins something else in a URL is told apart from a folder's name.
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(format!("sqlite:{path}").parse().unwrap_or_else(|never| match never {}))
}

/// Finds a folder that must be there.
///
/// # Errors
///
/// Names the setting where it is not.
pub(crate) fn existing(path: &Path) -> Result<PathBuf, SettingError> {
    let found = path.canonicalize().map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    if found.is_dir() { Ok(found) } else { Err(wrong(format!("{} is no folder", path.display()))) }
}

/// Makes a folder, with those above it, that nobody else may look into.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(PRIVATE))
}

/// Waits until what was renamed or made in a folder is on the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn wrong(problem: impl ToString) -> SettingError {
    SettingError::new(SETTING, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_its_owner_s_alone_and_one_process_has_it() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let path = parent.path().join("a/b");
        let first = DataFolder::open(&path).expect("the folder");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(DataFolder::open(&path).expect_err("it is taken").to_string().contains("LOQUAT_DATA_DIR"));
        drop(first);
        assert!(DataFolder::open(&path).is_ok());
    }

    #[test]
    fn nobody_serves_from_a_folder_that_is_half_restored() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        fs::write(parent.path().join(RESTORING), "").expect("a mark");
        let refused = DataFolder::open(parent.path()).expect_err("it is not whole").to_string();
        assert!(refused.contains("loquat restore --force"), "{refused}");
        assert!(DataFolder::take(parent.path()).is_ok(), "to restore again");
    }
}
