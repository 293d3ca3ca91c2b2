//! The ids of news published lately, so that a repeat wakes nobody again.

use std::{
    collections::{HashSet, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

/// The ids of a window of time, and at most so many.
#[derive(Debug)]
pub(super) struct Recent {
    window: Duration,
    capacity: NonZeroUsize,
    known: HashSet<Arc<str>>,
    /// The same ids, oldest first, with when they came.
    by_age: VecDeque<(Instant, Arc<str>)>,
}

impl Recent {
    pub(super) fn new(window: Duration, capacity: NonZeroUsize) -> Self {
        Self { window, capacity, known: HashSet::new(), by_age: VecDeque::new() }
    }

    /// Tells whether the id was not seen within the window, and remembers it. A repeat does not make it younger.
    pub(super) fn is_first(&mut self, id: &str) -> bool {
        let now = Instant::now();
        while self.by_age.front().is_some_and(|(came, _)| now.duration_since(*came) >= self.window) {
            self.forget_oldest();
        }
        if self.known.contains(id) {
            return false;
        }
        if self.by_age.len() >= self.capacity.get() {
            self.forget_oldest();
        }
        let id: Arc<str> = id.into();
        self.known.insert(Arc::clone(&id));
        self.by_age.push_back((now, id));
        true
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.by_age.pop_front() {
            self.known.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(capacity: usize) -> Recent {
        Recent::new(Duration::from_secs(120), NonZeroUsize::new(capacity).expect("not zero"))
    }

    #[tokio::test(start_paused = true)]
    async fn an_id_is_forgotten_when_the_window_is_over() {
        let mut recent = recent(10);
        assert!(recent.is_first("a"));
        tokio::time::advance(Duration::from_secs(119)).await;
        assert!(!recent.is_first("a"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(recent.is_first("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_id_is_forgotten_when_there_are_too_many() {
        let mut recent = recent(2);
        assert!(recent.is_first("a") && recent.is_first("b") && recent.is_first("c"));
        assert!(!recent.is_first("c"));
        assert!(recent.is_first("a"));
        assert_eq!(recent.known.len(), recent.by_age.len());
    }
}
