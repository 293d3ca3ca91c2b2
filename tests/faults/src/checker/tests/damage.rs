//! Damages: each kind, put into good histories where it can be seen, is found every time, under its name.

mod tape;
mod to_answers;
mod to_logs;
mod to_members;
mod to_reads;
mod to_streams;

use tape::Tape;

use super::{
    dice::Dice,
    run::{Plan, history},
};
use crate::checker::{ViolationKind, check};

/// What a damage is called, what it is found as, and what does it. It does nothing, and says so, where the history has no
/// place at which it would be seen.
type Damage = (&'static str, ViolationKind, fn(&mut Tape) -> Option<()>);

/// Into how many histories each damage is put.
const HISTORIES: usize = 25;

fn every_one_is_found(damages: &[Damage], has_restores: bool) {
    let mut damaged = vec![0; damages.len()];
    let mut missed = Vec::new();
    for seed in 0.. {
        let left = damages.iter().zip(&mut damaged).filter(|(_, count)| **count < HISTORIES);
        let left: Vec<_> = left.collect();
        let Some(((name, ..), _)) = left.first() else { break };
        assert!(seed < 600, "{name}: too few histories have a place for it");
        let records = history(Plan { seed, steps: 800, has_restores });
        for ((name, kind, damage), count) in left {
            let mut tape = Tape::of(records.clone(), Dice(seed ^ 0xda3a6e));
            if damage(&mut tape).is_none() {
                continue;
            }
            *count += 1;
            let verdict = check(&tape.records).expect("held in memory");
            if !verdict.has(*kind) {
                let found: Vec<_> = verdict.violations.iter().take(3).map(ToString::to_string).collect();
                missed.push(format!("{name}, seed {seed}: not found as {kind}, but as {found:#?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn damages_to_logs_are_found() {
    every_one_is_found(to_logs::DAMAGES, false);
}

#[test]
fn damages_to_memberships_are_found() {
    every_one_is_found(to_members::DAMAGES, false);
}

#[test]
fn damages_to_answers_are_found() {
    every_one_is_found(to_answers::DAMAGES, false);
}

#[test]
fn damages_to_streams_are_found() {
    every_one_is_found(to_streams::DAMAGES, false);
}

#[test]
fn damages_to_reads_are_found() {
    every_one_is_found(to_reads::DAMAGES, false);
}

#[test]
fn damages_to_what_a_restore_must_keep_are_found() {
    every_one_is_found(to_logs::DAMAGES_OF_RESTORES, true);
}
