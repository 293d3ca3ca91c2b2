//! Where the binaries under test are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Returns the path of a built binary, such as `loquat-rooms`: the one of the same profile as the running test.
///
/// # Errors
///
/// Says which command builds it, where it is not there.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let folder = profile_folder()?;
    let path = folder.join(name);
    if !path.is_file() {
        let release = if folder.ends_with("release") { " --release" } else { "" };
        bail!("{} is not built: run `cargo build{release} --workspace --exclude xtask --bins`", path.display());
    }
    Ok(path)
}

/// Returns the folder for what tests leave while they run.
pub(crate) fn scratch_folder() -> anyhow::Result<PathBuf> {
    let folder = profile_folder()?.parent().context("the folder of a profile lies in one")?.join("tmp");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The test's executable lies in `target/<profile>/deps`.
fn profile_folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("the path of this test")?;
    let folder = executable.parent().context("the folder of this test")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(Path::to_path_buf(folder))
}
