//! What every twin of the store keeps, tried on each: one suite of behaviours, in memory and in Redis.

mod changes;
mod leases;
mod line;
mod lost;
mod redis_only;
mod settings;
mod twin;

/// Makes one test of each behaviour on each twin.
macro_rules! on_every_twin {
    ($($topic:ident: $($behaviour:ident)+;)+) => {
        mod in_memory {$($(
            #[tokio::test]
            async fn $behaviour() {
                super::$topic::$behaviour(&super::twin::Twin::memory()).await;
            }
        )+)+}

        mod in_redis {$($(
            #[tokio::test]
            async fn $behaviour() {
                let Some(twin) = super::twin::Twin::redis(stringify!($behaviour)) else { return };
                super::$topic::$behaviour(&twin).await;
                twin.flush().await;
            }
        )+)+}
    };
}

on_every_twin! {
    leases:
        a_user_is_there_while_any_gateway_holds_a_device
        a_user_is_there_while_any_device_of_a_gateway_is
        the_same_renewal_twice_is_as_once
        an_unknown_lease_must_be_complete_and_changes_nothing
        an_empty_complete_renewal_makes_a_lease
        a_complete_renewal_replaces_what_was_held
        a_further_renewal_adds_to_a_complete_one
        a_renewal_that_never_arrived_is_made_good_by_a_complete_one
        a_device_that_came_and_went_between_two_renewals_was_never_there
        what_was_never_there_can_go
        a_lease_that_is_kept_does_not_lapse
        when_a_lease_lapses_its_users_go_once
        a_lease_lapses_in_steps
        two_sweepers_take_each_user_once
        who_is_elsewhere_stays_when_a_lease_lapses
        a_gateway_that_was_given_up_brings_back_all_it_has
        a_gateway_that_comes_back_while_it_is_given_up_keeps_all_it_has
        of_many_gateways_that_bring_one_user_at_once_one_changes_it
        five_thousand_devices_are_one_renewal
        after_a_flush_leases_are_unknown_and_then_as_before;
    settings:
        of_whom_nothing_was_said_everything_is_default
        a_setting_is_read_as_it_was_set
        a_setting_survives_its_devices
        a_setting_shows_only_while_a_device_is_connected
        the_same_setting_twice_changes_once
        becoming_invisible_looks_like_leaving
        who_is_invisible_comes_and_goes_unseen
        becoming_visible_again_is_a_change
        two_settings_at_once_leave_one_of_them
        people_are_read_in_the_order_asked_for;
    changes:
        a_change_is_untold_until_it_is_told
        a_later_change_is_not_told_with_an_earlier_one
        changes_are_untold_in_their_order
        telling_what_is_told_says_so;
    lost:
        a_renewal_whose_answer_is_lost_is_done_once
        a_renewal_that_nobody_waits_for_any_more_is_done_by_the_same_again
        a_renewal_that_fails_in_the_middle_is_done_by_the_same_again
        a_setting_whose_answer_is_lost_is_made_once
        the_end_of_a_lease_whose_answer_is_lost_is_still_to_be_told
        telling_whose_answer_is_lost_says_that_it_was_told;
}
