//! The checker checked: it says nothing of good histories, and finds every damage.
//!
//! Good histories come from a small model of the whole house ([`house`]), driven by dice ([`run`]): calls that overlap, answers
//! that are lost, commands that land late, repeats, streams that break and resume, removals, restores. Damages
//! ([`damage`]) are put into them one at a time, each at a place where it can be seen.

mod damage;
mod dice;
mod good;
mod house;
mod readers;
mod run;
mod scale;
