//! Running the program.

use std::{collections::BTreeMap, path::Path};

use loquat_testkit::{Recipe, binary};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) told: String,
}

/// Runs `loquat` to its end.
pub(crate) fn loquat(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let recipe = Recipe {
        program: binary("loquat").expect("it is built"),
        wrapper: Vec::new(),
        environment: environment.collect::<BTreeMap<_, _>>(),
    };
    let output = recipe.command().args(arguments).output().expect("it runs");
    Ran {
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        told: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command on a folder of data.
pub(crate) fn on(data: &Path, command: &str, arguments: &[&str]) -> Ran {
    let mut words = vec![command, "--data-dir", text(data)];
    words.extend(arguments);
    loquat(&words, &[])
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

impl Ran {
    /// Asserts the exit code, and returns the run.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.output, self.told);
        self
    }
}
