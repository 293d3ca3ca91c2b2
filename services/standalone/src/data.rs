//! The folder of data.

use std::{
    fs::{self, File, Permissions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use loquat_runtime::{Secret, SettingError};

const SETTING: &str = "LOQUAT_DATA_DIR";

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
    /// Makes the folder where there is none, and takes it.
    ///
    /// # Errors
    ///
    /// Names the setting where it cannot be made, or another process has it.
    pub fn open(path: &Path) -> Result<Self, SettingError> {
        let wrong = |problem: String| SettingError::new(SETTING, problem);
        // It holds the keys that sign tokens, and the hashes of passwords: nobody else on the machine may read it.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE)
            .create(path)
            .and_then(|()| fs::set_permissions(path, Permissions::from_mode(PRIVATE)))
            .map_err(|error| wrong(format!("{} cannot be made: {error}", path.display())))?;
        let path =
            path.canonicalize().map_err(|error| wrong(format!("{} cannot be found again: {error}", path.display())))?;
        let lock = File::create(path.join("lock"))
            .map_err(|error| wrong(format!("{} cannot be written to: {error}", path.display())))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(wrong(format!("{} is in use by another process: end it, or choose another", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(wrong(format!("{} cannot be locked: {error}", path.display()))),
        }
    }

    /// Returns the URL of a store in the folder.
    ///
    /// # Errors
    ///
    /// Names the setting where the folder's name is not UTF-8, which a URL must be.
    pub fn sqlite(&self, name: &str) -> Result<Secret, SettingError> {
        let path = self.path.join(format!("{name}.sqlite"));
        let path = path.to_str().ok_or_else(|| SettingError::new(SETTING, "its name must be UTF-8"))?;
        // What begins something else in a URL is told apart from a folder's name.
        let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        Ok(format!("sqlite:{path}").parse().unwrap_or_else(|never| match never {}))
    }
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
}
