//! A durable consumer inside one process: what waits for its readers.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::{Stream, stream};
use tokio::{sync::Notify, time::Instant};

use crate::{BusError, Delivery, News, Pattern, Woken, consumer::Receipt};

/// All readers of one name, and what waits for them.
#[derive(Debug)]
pub(super) struct Group {
    capacity: NonZeroUsize,
    state: Mutex<State>,
    /// Told once for each thing that a reader could take; a reader takes until nothing is left.
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    pattern: Option<Pattern>,
    waiting: VecDeque<Waiting>,
    /// How many readers hold unacknowledged. They count towards the bound, since each may come back.
    in_flight: usize,
    /// What waited became too much. Until a reader takes this, further news is part of it: the reader will read the
    /// store after that.
    has_missed: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Waiting {
    news: News,
    news_id: Option<Arc<str>>,
    attempt: u64,
    not_before: Option<Instant>,
}

/// What a reader finds.
enum Found {
    Woken(Woken),
    Nothing { until: Option<Instant> },
    End,
}

impl Group {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, state: Mutex::default(), ready: Notify::new() }
    }

    /// From now on news of this pattern wakes the group.
    pub(super) fn listen_to(&self, pattern: Pattern) {
        self.lock().pattern = Some(pattern);
    }

    pub(super) fn offer(&self, news: &News, news_id: Option<&Arc<str>>) {
        let mut state = self.lock();
        if state.has_missed || !state.pattern.is_some_and(|pattern| pattern.matches(news.subject)) {
            return;
        }
        if state.waiting.len() + state.in_flight >= self.capacity.get() {
            state.waiting.clear();
            state.has_missed = true;
        } else {
            let (news, news_id) = (news.clone(), news_id.cloned());
            state.waiting.push_back(Waiting { news, news_id, attempt: 1, not_before: None });
        }
        drop(state);
        self.ready.notify_one();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.ready.notify_waiters();
        self.ready.notify_one();
    }

    pub(super) fn wakes(self: Arc<Self>) -> impl Stream<Item = Woken> + Send + 'static {
        stream::unfold(self, |group| async move {
            loop {
                let ready = group.ready.notified();
                match group.take() {
                    Found::Woken(woken) => return Some((woken, Arc::clone(&group))),
                    Found::End => return None,
                    Found::Nothing { until: None } => ready.await,
                    Found::Nothing { until: Some(until) } => tokio::select! {
                        () = ready => {}
                        () = tokio::time::sleep_until(until) => {}
                    },
                }
            }
        })
    }

    fn take(self: &Arc<Self>) -> Found {
        let now = Instant::now();
        let mut state = self.lock();
        if state.is_closed {
            return Found::End;
        }
        if std::mem::take(&mut state.has_missed) {
            return Found::Woken(Woken::Missed);
        }
        let due = state.waiting.iter().position(|waiting| waiting.not_before.is_none_or(|moment| moment <= now));
        let Some(waiting) = due.and_then(|place| state.waiting.remove(place)) else {
            return Found::Nothing { until: state.waiting.iter().filter_map(|waiting| waiting.not_before).min() };
        };
        state.in_flight += 1;
        let (news, news_id, attempt) = (waiting.news.clone(), waiting.news_id.clone(), waiting.attempt);
        let receipt = Unacknowledged { group: Arc::clone(self), held: Some(waiting) };
        Found::Woken(Woken::News(Delivery::new(news, news_id, attempt, Box::new(receipt))))
    }

    fn give_back(&self, returned: Option<Waiting>) {
        let mut state = self.lock();
        state.in_flight -= 1;
        match returned {
            Some(waiting) if !state.has_missed => state.waiting.push_front(waiting),
            // Acknowledged, or part of what was missed.
            Some(_) | None => return,
        }
        drop(state);
        self.ready.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and each change leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wake-up in a reader's hands. Dropped without an answer, it waits again.
#[derive(Debug)]
struct Unacknowledged {
    group: Arc<Group>,
    /// What is held, until it is answered.
    held: Option<Waiting>,
}

impl Unacknowledged {
    fn acknowledge(&mut self) {
        if self.held.take().is_some() {
            self.group.give_back(None);
        }
    }

    fn return_until(&mut self, not_before: Option<Instant>) {
        if let Some(held) = self.held.take() {
            self.group.give_back(Some(Waiting { attempt: held.attempt + 1, not_before, ..held }));
        }
    }
}

#[async_trait]
impl Receipt for Unacknowledged {
    async fn ack(mut self: Box<Self>) -> Result<(), BusError> {
        self.acknowledge();
        Ok(())
    }

    async fn nack(mut self: Box<Self>, after: Duration) -> Result<(), BusError> {
        self.return_until(Some(Instant::now() + after));
        Ok(())
    }
}

impl Drop for Unacknowledged {
    fn drop(&mut self) {
        self.return_until(None);
    }
}
