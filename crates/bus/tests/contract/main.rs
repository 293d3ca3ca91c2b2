//! What every twin of the bus keeps, tried on each: one suite of behaviours, run in process and over NATS.

mod durable;
mod live;
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
        a_publish_repeated_after_a_lost_answer_wakes_once
        a_publish_dropped_half_way_can_be_repeated
        two_publishers_of_one_room_both_wake_its_consumer
        only_durable_subjects_wake
        an_unusable_news_id_is_refused;
    trace:
        news_carries_the_trace_of_who_published
        news_without_a_trace_carries_none;
}
