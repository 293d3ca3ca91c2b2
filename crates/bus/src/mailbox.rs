//! The bounded queue behind a subscription.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{News, Received};

/// A queue that never makes its writer wait: when it is full the oldest goes, and the reader is told.
///
/// One reader, many writers. Writers wake the reader; a reader that is gone costs its writers nothing but the bound.
#[derive(Debug)]
pub(crate) struct Mailbox {
    capacity: NonZeroUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<News>,
    /// Something is missing before the head of the queue. Told before anything else.
    has_missed: bool,
    /// No more will come: the reader ends when the queue is empty.
    is_closed: bool,
    /// Who waits. Taken by the writer that wakes it.
    reader: Option<Waker>,
}

impl Mailbox {
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    /// Puts news at the end; where it is full the oldest makes room.
    pub(crate) fn push(&self, news: News) {
        self.change(|state| {
            if state.queue.len() >= self.capacity.get() {
                state.queue.pop_front();
                state.has_missed = true;
            }
            state.queue.push_back(news);
        });
    }

    /// Notes that something was lost on the way here.
    pub(crate) fn miss(&self) {
        self.change(|state| state.has_missed = true);
    }

    pub(crate) fn close(&self) {
        self.change(|state| state.is_closed = true);
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Received>> {
        let mut state = self.lock();
        if std::mem::take(&mut state.has_missed) {
            return Poll::Ready(Some(Received::Missed));
        }
        if let Some(news) = state.queue.pop_front() {
            return Poll::Ready(Some(Received::News(news)));
        }
        if state.is_closed {
            return Poll::Ready(None);
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and each change leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
