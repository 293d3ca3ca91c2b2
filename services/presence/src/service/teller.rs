//! Telling others how somebody now shows, once for each change, so that the last thing told is always what is so.

use std::{collections::HashMap, sync::Arc};

use loquat_ids::UserId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::{
    model::{Presence, Standing},
    ports::{Announcements, PresenceStore, StoreError},
};

/// Users whose presence is read and told at once.
const CHUNK: usize = 500;
/// Batches that may wait to be told. What finds no room stays marked in the store, and the sweeper comes by.
const WAITING_BATCHES: usize = 256;
/// How often one telling looks again because somebody else told something meanwhile. Beyond it the next change will.
const MAX_ROUNDS: usize = 8;

/// Tells others what they were not told of.
///
/// Two processes may tell of one user at once, and the earlier change may be told last. So whoever has told looks again:
/// where its change is not the marked one any more, it tells what is so now, until that is what it told last.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) store: Arc<dyn PresenceStore>,
    pub(crate) announcements: Arc<dyn Announcements>,
}

impl Teller {
    /// Tells how these users now show, those of whom there is something untold. What could not be told stays marked.
    pub(crate) async fn tell(&self, users: &[UserId]) -> Result<(), StoreError> {
        for users in users.chunks(CHUNK) {
            self.tell_chunk(users).await?;
        }
        Ok(())
    }

    async fn tell_chunk(&self, users: &[UserId]) -> Result<(), StoreError> {
        let mut open = users.to_vec();
        let mut told = HashMap::new();
        for _ in 0..MAX_ROUNDS {
            let mut marked = Vec::new();
            let mut again = Vec::new();
            for standing in self.store.read(&open).await? {
                if !self.is_to_be_told(&standing, &told) {
                    continue;
                }
                let presence = standing.as_others_see();
                if let Err(error) = self.announcements.presence_changed(&presence).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a change of presence stays untold");
                    continue;
                }
                told.insert(standing.user, presence);
                match standing.untold {
                    Some(version) => marked.push((standing.user, version)),
                    None => again.push(standing.user),
                }
            }
            again.extend(self.store.told(&marked).await?);
            if again.is_empty() {
                return Ok(());
            }
            open = again;
        }
        tracing::warn!(users = open.len(), "presence changes faster than it can be told");
        Ok(())
    }

    /// Where nothing is marked somebody else has told it, which only matters where we told something else before.
    fn is_to_be_told(&self, standing: &Standing, told: &HashMap<UserId, Presence>) -> bool {
        standing.untold.is_some() || told.get(&standing.user).is_some_and(|before| *before != standing.as_others_see())
    }
}

/// Where changes are put to be told at once.
#[derive(Debug, Clone)]
pub(crate) struct TellQueue(mpsc::Sender<(Vec<UserId>, Span)>);

impl TellQueue {
    /// Makes the queue, and the task that empties it.
    pub(crate) fn new(teller: Arc<Teller>) -> (Self, Telling) {
        let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
        (Self(sender), Telling { teller, receiver })
    }

    /// Asks for a telling, in the trace of the current span. Never waits.
    pub(crate) fn put(&self, users: Vec<UserId>) {
        if !users.is_empty() && self.0.try_send((users, Span::current())).is_err() {
            tracing::debug!("too much to tell at once: the sweeper will");
        }
    }
}

/// The task that tells what is put into the queue.
#[derive(Debug)]
pub(crate) struct Telling {
    teller: Arc<Teller>,
    receiver: mpsc::Receiver<(Vec<UserId>, Span)>,
}

impl Telling {
    /// Runs until it is stopped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while let Some(Some((users, span))) = stop.run_until_cancelled(self.receiver.recv()).await {
            if let Err(error) = self.teller.tell(&users).instrument(span).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "changes of presence stay untold for now");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use loquat_ids::Timestamp;

    use super::*;
    use crate::{
        model::Appearance::{Offline, Online},
        service::fakes::{FrailStore, Notebook, complete, user},
    };

    struct House {
        store: Arc<FrailStore>,
        notebook: Arc<Notebook>,
        teller: Arc<Teller>,
    }

    fn house() -> House {
        let (store, notebook) = (Arc::<FrailStore>::default(), Arc::<Notebook>::default());
        let teller = Arc::new(Teller { store: store.clone(), announcements: notebook.clone() });
        House { store, notebook, teller }
    }

    impl House {
        async fn renew(&self, gateway: u128, users: &[UserId]) {
            let moment = Timestamp::from_micros(0);
            self.store.renew(&complete(gateway, users), moment, moment).await.expect("renewed");
        }
    }

    #[tokio::test]
    async fn a_change_is_told_once_however_often_it_is_asked_for() {
        let house = house();
        house.renew(1, &[user(1), user(2)]).await;
        for _ in 0..2 {
            house.teller.tell(&[user(1), user(2), user(3)]).await.expect("told");
        }
        assert_eq!(house.notebook.presences(), [(user(1), Online), (user(2), Online)]);
    }

    #[tokio::test]
    async fn what_is_told_is_what_is_so_when_it_is_told() {
        let house = house();
        house.renew(1, &[user(1)]).await;
        house.renew(1, &[]).await;
        house.teller.tell(&[user(1)]).await.expect("told");
        assert_eq!(house.notebook.presences(), [(user(1), Offline)]);
    }

    #[tokio::test]
    async fn what_could_not_be_told_is_told_later() {
        let house = house();
        house.renew(1, &[user(1)]).await;
        house.notebook.is_deaf.store(true, Ordering::SeqCst);
        house.teller.tell(&[user(1)]).await.expect("asked");
        house.notebook.is_deaf.store(false, Ordering::SeqCst);
        house.teller.tell(&[user(1)]).await.expect("told");
        assert_eq!(house.notebook.presences(), [(user(1), Online)]);
    }

    #[tokio::test]
    async fn who_tells_an_earlier_change_late_tells_the_later_one_again() {
        let house = house();
        house.renew(1, &[user(1)]).await;
        // While this process is about to tell that the user came, another hears that it went, and tells that first.
        let gone: (Arc<dyn PresenceStore>, _) = (house.store.clone(), complete(1, &[]));
        *house.notebook.meanwhile.lock().expect("not poisoned") = Some(gone);
        house.teller.tell(&[user(1)]).await.expect("told");
        assert_eq!(house.notebook.presences(), [(user(1), Offline), (user(1), Online), (user(1), Offline)]);
    }

    #[tokio::test]
    async fn more_users_than_a_chunk_are_all_told() {
        let house = house();
        let users: Vec<UserId> = (1..=1_201).map(user).collect();
        house.renew(1, &users).await;
        house.teller.tell(&users).await.expect("told");
        assert_eq!(house.notebook.presences().len(), 1_201);
    }

    #[tokio::test]
    async fn a_full_queue_holds_nobody_up() {
        let house = house();
        let (queue, telling) = TellQueue::new(Arc::clone(&house.teller));
        for _ in 0..2 * WAITING_BATCHES {
            queue.put(vec![user(1)]);
        }
        drop(queue);
        telling.run(CancellationToken::new()).await;
    }
}
