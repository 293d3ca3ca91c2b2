//! The contract of [`RoomLogStore`] and [`MessageFolds`], on every twin.
//!
//! PostgreSQL is used where `LOQUAT_TEST_POSTGRES_URL` is set, MongoDB where `LOQUAT_TEST_MONGODB_URL` or, for a server that
//! speaks its protocol, `LOQUAT_TEST_FERRETDB_URL` is.

mod behaviours;
mod fold_behaviours;
mod line;
mod lost_answers;
mod place;

pub(crate) use place::{Place, reach};

macro_rules! on_every_store {
    ($suite:ident: $($behaviour:ident)+) => {
        on_store!($suite, on_sqlite, sqlite, $($behaviour)+);
        on_store!($suite, on_postgres, postgres, $($behaviour)+);
        on_store!($suite, on_mongodb, mongodb, $($behaviour)+);
    };
}

macro_rules! on_store {
    ($suite:ident, $module:ident, $place:ident, $($behaviour:ident)+) => {
        mod $module {
            use super::super::{Place, $suite};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let Some(place) = Place::$place(stringify!($behaviour)).await else { return };
                    $suite::$behaviour(&place).await;
                    place.remove().await;
                }
            )+
        }
    };
}

mod logs {
    on_every_store! { behaviours:
        a_room_without_a_log_has_nothing
        what_is_written_is_read
        no_events_are_no_batch
        a_hundred_events_are_one_batch
        of_two_writers_on_one_place_one_meets_a_conflict
        two_writers_who_read_after_each_conflict_leave_a_dense_log
        a_key_stands_once_in_a_room
        a_batch_that_fails_in_the_middle_leaves_a_prefix_or_nothing
        a_write_whose_answer_is_lost_is_found_by_its_key
        absent_fields_stay_absent
        texts_of_all_kinds_are_kept_to_the_byte
        blanked_events_keep_their_class
        events_are_read_by_stretches
        state_is_read_past_messages
        messages_are_read_from_either_end
        heads_of_many_rooms_are_told_and_the_unknown_left_out
        a_scan_finds_what_another_wrote
        a_scan_begins_with_what_was_written_last
        a_store_keeps_its_identity_and_its_events
        two_nodes_that_open_a_new_store_agree_on_its_identity
        a_newer_store_is_refused
    }
}

mod folds {
    on_every_store! { fold_behaviours:
        a_room_that_nothing_was_folded_of_has_no_folds
        a_fold_is_kept_with_how_far_its_room_is_folded
        an_earlier_fold_takes_the_place_of_no_later_one
        folders_at_once_leave_the_latest_fold
        erasing_leaves_all_but_the_content
        a_position_is_kept_and_never_goes_back
        entries_that_cannot_be_read_are_told_one_by_one
        a_scan_tells_where_something_changed
        messages_are_the_same_however_far_they_are_folded
        folders_on_two_nodes_keep_what_the_log_says
        a_store_from_before_folds_is_brought_up
    }
}

mod losses {
    on_every_store! { lost_answers:
        a_batch_whose_answer_is_lost_stands_once
        folds_whose_answer_is_lost_are_kept_and_can_be_kept_again
        rooms_whose_keeping_fails_in_the_middle_are_told_as_far_as_they_are_kept
    }
}
