//! The fleet that is one process.

use std::collections::BTreeMap;

use loquat_testkit::{Gateway, Member, Recipe, ReservedPort};

use super::{Fleet, FleetPlan, LinkKind, Links, Unit, data_folder};

/// How many ways lead to the process, each a link of its own: clients that move from one to another do so as from gateway to
/// gateway.
const WAYS: usize = 3;

pub(super) async fn build(plan: FleetPlan) -> anyhow::Result<Fleet> {
    let port = ReservedPort::take()?;
    let environment = BTreeMap::from([
        ("LOQUAT_LISTEN".to_owned(), port.address().to_string()),
        ("LOQUAT_DATA_DIR".to_owned(), data_folder(&plan.folder).display().to_string()),
        ("LOQUAT_LOG".to_owned(), super::distributed::LOG.to_owned()),
        ("LOQUAT_CLOCK_SHIFT_FILE".to_owned(), plan.folder.join("loquat.clock").display().to_string()),
    ]);
    let recipe = Recipe { program: plan.binary("loquat")?, wrapper: Vec::new(), environment };
    let member = Member::new("loquat", "standalone", recipe, &plan.folder);
    let mut links = Links::default();
    for number in 1..=WAYS {
        links.lead(LinkKind::ClientGateway, &format!("clients to loquat by way {number}"), port.address()).await?;
    }
    let units = vec![Unit::new(member, Gateway::at(port.address()))];
    Ok(Fleet { units, links, backends: None, plan, _ports: vec![port], _certificates: None })
}
