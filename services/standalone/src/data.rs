//! The folder of data.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use loquat_runtime::{Secret, SettingError};

const SETTING: &str = "LOQUAT_DATA_DIR";

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
        fs::create_dir_all(path).map_err(|error| wrong(format!("{} cannot be made: {error}", path.display())))?;
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
