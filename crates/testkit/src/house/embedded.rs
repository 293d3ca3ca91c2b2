//! The house that is one process.

use std::collections::BTreeMap;

use tempfile::TempDir;

use super::{House, Plan};
use crate::{Member, Recipe, binaries::binary};

pub(super) fn build(plan: &Plan, folder: TempDir) -> anyhow::Result<House> {
    let mut environment = BTreeMap::from([
        ("LOQUAT_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("LOQUAT_DATA_DIR".to_owned(), folder.path().join("data").display().to_string()),
    ]);
    environment.extend(plan.environment.clone());
    let wrapper = plan.wrapper.iter().map(|word| word.replace("{folder}", &folder.path().display().to_string()));
    let recipe = Recipe { program: binary("loquat")?, wrapper: wrapper.collect(), environment };
    let members = vec![Member::new("loquat", "standalone", recipe, folder.path())];
    Ok(House { members, _lodging: None, _ports: Vec::new(), certificates: None, folder, shape: plan.shape })
}
