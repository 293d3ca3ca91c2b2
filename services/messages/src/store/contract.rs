//! The contract of [`RoomLogStore`], on every twin.
//!
//! PostgreSQL is used where `LOQUAT_TEST_POSTGRES_URL` is set, MongoDB where `LOQUAT_TEST_MONGODB_URL` or, for a server that
//! speaks its protocol, `LOQUAT_TEST_FERRETDB_URL` is.

mod behaviours;
mod place;

pub(crate) use place::Place;

macro_rules! on_every_store {
    ($($behaviour:ident)+) => {
        on_store!(on_sqlite, sqlite, $($behaviour)+);
        on_store!(on_postgres, postgres, $($behaviour)+);
        on_store!(on_mongodb, mongodb, $($behaviour)+);
    };
}

macro_rules! on_store {
    ($module:ident, $place:ident, $($behaviour:ident)+) => {
        mod $module {
            use super::{Place, behaviours};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let Some(place) = Place::$place(stringify!($behaviour)).await else { return };
                    behaviours::$behaviour(&place).await;
                    place.remove().await;
                }
            )+
        }
    };
}

on_every_store! {
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
