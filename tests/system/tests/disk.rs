//! A disk that is full, fails to synchronise, or kept half of the last write: what is refused says so, the log says why, and what
//! was acknowledged is there after a restart, once.

mod full;
mod letter_book;
mod small_disk;
mod synchronising;
mod torn;
