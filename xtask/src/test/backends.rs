//! The real backends that the Rust tests run on.

use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use super::{guard::Guard, log_folder};
use crate::workspace;

/// What came of starting them.
#[derive(Debug)]
pub(super) enum Backends {
    /// They are up; tests find them by these variables.
    Up(Vec<(String, String)>),
    /// They are not, for this reason.
    Missing(String),
}

impl Backends {
    /// Starts them with throw-away data. The guard takes them down.
    ///
    /// # Errors
    ///
    /// Fails where the script cannot be run at all.
    pub(super) fn up(guard: &Guard) -> anyhow::Result<Self> {
        let folder = log_folder().join("backends");
        let log = log_folder().join("backends.log");
        guard.backends_in(&folder);
        let output = Command::new("deploy/backends")
            .arg("up")
            .current_dir(workspace::root())
            .env("LOQUAT_BACKENDS_DIR", &folder)
            .stdin(Stdio::null())
            .stderr(File::create(&log)?)
            .process_group(0)
            .output()?;
        if output.status.success() {
            return Ok(Self::Up(variables(&String::from_utf8_lossy(&output.stdout))));
        }
        let said = std::fs::read_to_string(&log)?;
        Ok(Self::Missing(said.lines().last().unwrap_or("it does not say why").to_owned()))
    }
}

fn variables(lines: &str) -> Vec<(String, String)> {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_variable_whose_value_may_hold_anything() {
        let pairs = variables("LOQUAT_TEST_MONGODB_URL=mongodb://a/?replicaSet=rs0\nnoise\n");
        assert_eq!(pairs, [("LOQUAT_TEST_MONGODB_URL".to_owned(), "mongodb://a/?replicaSet=rs0".to_owned())]);
    }
}
