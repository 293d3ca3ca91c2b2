//! What every twin of the bus keeps, tried on each: one suite of behaviours, run in process and over NATS.

mod at_work;
mod dead_letters;
mod durable;
mod line;
mod live;
mod lost;
mod trace;
mod twin;

/// Makes one test of each behaviour on each twin.
macro_rules! on_every_twin {
    ($($topic:ident: $($behaviour:ident)+;)+) => {
        mod embedded {$($(
            #[tokio::test]
            async fn $behaviour() {
                let twin = super::twin::Twin::embedded();
                super::$topic::$behaviour(&twin).await;
            }
        )+)+}

        mod embedded_in_a_folder {$($(
            #[tokio::test]
            async fn $behaviour() {
                let twin = super::twin::Twin::embedded_in_a_folder();
                super::$topic::$behaviour(&twin).await;
            }
        )+)+}

        mod nats {$($(
            #[tokio::test]
            async fn $behaviour() {
                let Some(twin) = super::twin::Twin::nats(stringify!($behaviour)).await else { return };
                super::$topic::$behaviour(&twin).await;
                twin.clean_up().await;
            }
        )+)+}
    };
}

on_every_twin! {
    live:
        news_is_heard_in_the_order_of_publishing
        a_subscriber_hears_its_pattern_and_nothing_else
        every_subscriber_hears_the_same_news
        a_slow_subscriber_hears_that_it_missed_and_then_the_newest
        a_subscriber_that_never_reads_holds_nobody_up
        publishing_to_nobody_succeeds
        a_subscription_that_was_dropped_takes_nothing_with_it
        what_the_bus_does_not_carry_is_refused
        durable_news_is_heard_live_too
        empty_news_is_news;
    durable:
        a_consumer_is_woken_until_it_acknowledges
        an_acknowledged_wake_up_does_not_come_again
        what_a_reader_dropped_comes_again
        a_consumer_hears_what_was_published_while_no_reader_was_there
        a_new_consumer_begins_with_what_comes_next
        two_readers_of_one_name_share_the_wake_ups
        consumers_of_two_names_are_woken_both
        a_repeat_within_the_window_wakes_nobody_again
        a_publish_repeated_by_another_process_wakes_once
        a_publish_dropped_half_way_can_be_repeated
        two_publishers_of_one_room_both_wake_its_consumer
        only_durable_subjects_wake
        an_unusable_news_id_is_refused;
    dead_letters:
        where_nothing_was_buried_there_are_no_letters
        a_letter_is_read_as_it_was_buried
        a_letter_buried_again_is_kept_once
        letters_of_other_consumers_and_ids_stay_apart
        the_newest_letters_are_listed_oldest_first
        beyond_the_bound_the_oldest_letters_go
        the_largest_payload_and_a_long_error_are_kept
        what_is_no_letter_is_refused
        a_delivery_writes_the_same_letter_at_every_attempt;
    at_work:
        refused_news_comes_again_until_it_is_taken
        poisoned_news_is_buried_and_the_position_moves_on
        news_that_was_tried_too_often_is_buried
        a_handler_that_is_stuck_is_tried_again;
    lost:
        a_publish_whose_answer_is_lost_has_woken_and_wakes_once
        a_letter_whose_answer_is_lost_is_kept_once
        of_many_publishes_one_that_fails_in_the_middle_stops_no_other
        of_many_wake_ups_one_that_fails_in_the_middle_comes_again_alone;
    trace:
        news_carries_the_trace_of_who_published
        news_without_a_trace_carries_none;
}
