//! Good histories: nothing is said of them, and they hold what there is to be judged.

use proptest::prelude::*;

use super::run::{Plan, history};
use crate::{
    checker::check,
    history::{HistoryFile, Source, Writer},
};

#[test]
fn good_histories_are_found_good() {
    for seed in 0..150 {
        let plan = Plan { seed, steps: 900, has_restores: seed % 2 == 1 };
        let verdict = check(&history(plan)).expect("held in memory");
        assert!(verdict.is_clean(), "seed {seed}: {:#?}", verdict.violations);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn good_histories_of_any_length_are_found_good(seed: u64, steps in 1_usize..1500, has_restores: bool) {
        let verdict = check(&history(Plan { seed, steps, has_restores })).expect("held in memory");
        prop_assert!(verdict.is_clean(), "{:#?}", verdict.violations);
    }
}

#[test]
fn the_histories_hold_every_kind_of_thing() {
    let records = history(Plan { seed: 5, steps: 12_000, has_restores: true });
    let counts = check(&records).expect("held in memory").counts;
    assert_eq!(counts.invoked.len(), 14, "{counts:#?}");
    for (what, count) in [
        ("acknowledged sends", counts.acknowledged_sends),
        ("repeats", counts.repeats),
        ("reuses refused", counts.reuses_refused),
        ("unknown, but done", counts.unknown_but_done),
        ("hidden", counts.hidden),
        ("repairs", counts.repairs),
        ("repair latencies", counts.repair_latency.count()),
        ("live latencies", counts.live_latency.count()),
        ("rows judged", counts.rows_judged),
        ("presence judged", counts.presence_judged),
        ("restores", counts.lives - 1),
        ("faults", counts.faults["kill"].count),
    ] {
        assert!(count > 0, "no {what}: {counts:#?}");
    }
    for reason in ["event_differs", "log_ends_earlier", "epoch_changed", "reader_too_slow", "too_far_behind"] {
        assert!(counts.resets.contains_key(reason), "no {reason}: {:?}", counts.resets);
    }
    for reason in ["ROOM_NOT_FOUND", "MESSAGE_NOT_FOUND", "MESSAGE_DELETED", "NOT_THE_SENDER", "REQUEST_ID_REUSED"] {
        assert!(counts.refused.contains_key(reason), "no {reason}: {:?}", counts.refused);
    }
}

#[test]
fn a_history_is_the_same_in_a_file() {
    let records = history(Plan { seed: 11, steps: 2000, has_restores: true });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.jsonl");
    let mut writer = Writer::append(&path).expect("writable");
    records.iter().for_each(|record| writer.write(record).expect("writable"));
    writer.flush().expect("writable");
    let file = HistoryFile::at(&path);
    let read: Vec<_> = file.records().expect("readable").map(|record| record.expect("a record")).collect();
    assert_eq!(read, records);
    let (from_file, from_memory) = (check(&file).expect("readable"), check(&records).expect("held in memory"));
    assert_eq!(
        serde_json::to_value(from_file).expect("plain values"),
        serde_json::to_value(from_memory).expect("plain values")
    );
}
