//! A world put away when a run is stopped, and taken up again by another process.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use anyhow::Context as _;
use loquat_faults::history::{Place, User};
use loquat_testkit::Gateway;
use serde::{Deserialize, Serialize};

use super::{Account, Counts, Journal, Pace, RoomOfRun, Switches, World, founding::ways, journal::Bookmark};

/// Where each reader was in its rooms, by the reader's client.
pub(crate) type Places = BTreeMap<u32, Vec<(usize, Place)>>;

/// A world that was put away. Nobody does anything in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    bookmark: Bookmark,
    people: Vec<Person>,
    rooms: Vec<Arc<RoomOfRun>>,
    counts: Counts,
    has_changes: bool,
    hot_share: u32,
    part: u32,
    places: Places,
}

#[derive(Debug, Serialize, Deserialize)]
struct Person {
    user: User,
    handle: String,
}

impl Kept {
    /// Puts a world away.
    pub(crate) fn of(world: World, places: Places) -> Self {
        let bookmark = world.journal.bookmark();
        let World { people, rooms, counts, has_changes, hot_share, part, .. } = world;
        let person = |account: &Arc<Account>| Person { user: account.user, handle: account.handle().to_owned() };
        let people = people.iter().map(person).collect();
        Self { bookmark, people, rooms, counts, has_changes, hot_share, part, places }
    }

    /// Takes it up where it was left, on a system that stands on the same data.
    ///
    /// # Errors
    ///
    /// What the system answers: nothing is wrong with it at that time.
    pub(crate) async fn take_up(
        self,
        history: &Path,
        gateways: &[SocketAddr],
        nodes: Vec<Gateway>,
    ) -> anyhow::Result<(World, Places)> {
        let journal = Journal::go_on(history, self.bookmark)?;
        let (edges, nodes) = ways(gateways, nodes);
        let gateway = edges.first().context("a way into the system")?.connection(0).clone();
        let mut people = Vec::new();
        for (index, person) in self.people.into_iter().enumerate() {
            people.push(Arc::new(Account::sign_in_again(&gateway, index, person.user, person.handle).await?));
        }
        let world = World {
            journal,
            people,
            rooms: self.rooms,
            edges,
            nodes,
            pace: Pace::free(),
            counts: self.counts,
            switches: Switches::default(),
            has_changes: self.has_changes,
            hot_share: self.hot_share,
            part: self.part + 1,
        };
        Ok((world, self.places))
    }
}
