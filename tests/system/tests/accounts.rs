//! Registering, signing in and out, tokens that rotate, profiles, and finding people.

use std::time::Duration;

use loquat_proto::users::v1::{
    BatchGetUsersRequest, GetUserRequest, RefreshRequest, RefreshTokenDelivery, RegisterRequest, SearchUsersRequest,
    SignInRequest, SignInResponse, UpdateUserRequest, register_response::NextStep,
};
use loquat_testkit::{House, Person, frame, grpc_web, in_both_shapes, refused};
use prost::Message as _;
use prost_types::FieldMask;
use tonic::Code;

in_both_shapes! { shared:
    registering_answers_a_next_step_and_no_session,
    a_handle_belongs_to_one_account,
    a_wrong_password_and_an_unknown_handle_look_the_same,
    a_refresh_answers_the_next_pair_and_spends_the_token,
    a_refresh_token_that_comes_twice_ends_the_session,
    of_two_who_hold_one_refresh_token_neither_goes_on,
    a_browser_keeps_its_refresh_token_in_a_cookie_that_no_script_reads,
    a_profile_is_changed_by_its_owner_and_seen_by_others,
    a_name_that_nobody_sees_or_that_turns_writing_is_refused,
    people_are_found_by_the_beginning_of_their_names,
}

const AUTH: &str = "/loquat.users.v1.AuthService";

async fn registering_answers_a_next_step_and_no_session(house: &House) {
    let ann = house.person("ann").await;
    let request = RegisterRequest {
        handle: format!("{}x", ann.handle),
        display_name: "Ann".into(),
        password: "twelve chars".into(),
    };
    let answer = house.gateway(1).auth().register(request).await.expect("a free handle").into_inner();
    assert!(matches!(answer.next_step, Some(NextStep::SignIn(_))), "{answer:?}");
    // A session would show in a token: there is no room for one in the next step.
    assert!(answer.encoded_len() <= 2, "{answer:?}");
}

async fn a_handle_belongs_to_one_account(house: &House) {
    let ann = house.person("ann").await;
    let request = RegisterRequest {
        handle: ann.handle.clone(),
        display_name: "Somebody else".into(),
        password: "another password".into(),
    };
    let refusal = refused(house.gateway(1).auth().register(request).await);
    assert_eq!(refusal.told(), (Code::AlreadyExists, "loquat.users.v1", "HANDLE_TAKEN"));
    assert!(refusal.fields.contains("handle"), "{refusal:?}");
    Person::sign_in(&ann.gateway, &ann.handle, &ann.password).await.expect("the account is still the first one's");
}

async fn a_wrong_password_and_an_unknown_handle_look_the_same(house: &House) {
    let ann = house.person("ann").await;
    let wrong = refused(Person::sign_in(&ann.gateway, &ann.handle, "not the password").await);
    let unknown = refused(Person::sign_in(&ann.gateway, "nobody-has-this", "not the password").await);
    assert_eq!(wrong.told(), (Code::Unauthenticated, "loquat.users.v1", "CREDENTIALS_WRONG"));
    assert_eq!(wrong, unknown);
    Person::sign_in(&ann.gateway, &ann.handle.to_uppercase(), &ann.password).await.expect("upper case counts as lower");
}

async fn a_refresh_answers_the_next_pair_and_spends_the_token(house: &House) {
    let mut ann = house.person("ann").await;
    let (session, first) = (ann.session, ann.refresh_token.clone());
    let tokens = ann.refresh().await.expect("a fresh token");
    assert_eq!(tokens.session_id, session.to_string());
    assert!(!tokens.refresh_token.is_empty() && tokens.refresh_token != first);
    ann.gateway.users().get_user(ann.ask(GetUserRequest::default())).await.expect("the new access token holds");
    ann.refresh().await.expect("the next token is good too");
}

async fn a_refresh_token_that_comes_twice_ends_the_session(house: &House) {
    let mut ann = house.person("ann").await;
    let stolen = ann.clone();
    ann.refresh().await.expect("a fresh token");
    ann.refresh().await.expect("the next one has arrived: the first is spent for good");
    let refusal = refused(stolen.clone().refresh().await);
    assert_eq!(refusal.told(), (Code::Unauthenticated, "loquat.users.v1", "REFRESH_TOKEN_INVALID"));
    let refusal = refused(ann.refresh().await);
    assert_eq!(refusal.because(), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"), "the session is over for both");
    let at_the_other = ann.at(&house.gateway(1));
    loquat_testkit::eventually("the access token is refused", Duration::from_secs(1), || async {
        match at_the_other.gateway.users().get_user(at_the_other.ask(GetUserRequest::default())).await {
            Ok(_) => Err("answered".to_owned()),
            refused if refused.is_err() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn of_two_who_hold_one_refresh_token_neither_goes_on(house: &House) {
    let mut ann = house.person("ann").await;
    let mut thief = ann.at(&house.gateway(1));
    ann.refresh().await.expect("a fresh token");
    // An answer may have been lost: the second use may be the owner's again. But then only one of the two next tokens is
    // good, and as soon as both have come it is seen that two hold them.
    let _may_be_the_owner = thief.refresh().await;
    let outcomes = [ann.refresh().await, thief.refresh().await, ann.refresh().await, thief.refresh().await];
    assert!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() <= 1, "{outcomes:?}");
    for outcome in outcomes.into_iter().skip(2) {
        assert_eq!(refused(outcome).because(), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
    }
}

async fn a_browser_keeps_its_refresh_token_in_a_cookie_that_no_script_reads(house: &House) {
    let ann = house.person("ann").await;
    let address = house.gateway(0).address();
    let request = SignInRequest {
        handle: ann.handle.clone(),
        password: ann.password.clone(),
        device_name: "a browser".into(),
        refresh_token_delivery: RefreshTokenDelivery::Cookie.into(),
    };
    let path = format!("{AUTH}/SignIn");
    let answer = grpc_web(address, &path, &[], &frame(&request.encode_to_vec())).await.expect("an answer");
    let message = SignInResponse::decode(answer.messages[0].clone()).expect("the message");
    assert_eq!(message.tokens.expect("tokens").refresh_token, "", "never in a body");
    let cookie = answer.headers["set-cookie"].to_str().expect("a cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/loquat.users.v1.AuthService/"] {
        assert!(cookie.contains(attribute), "{attribute} is missing in {cookie}");
    }

    let pair = cookie.split(';').next().expect("name and value");
    let path = format!("{AUTH}/Refresh");
    let empty = frame(&RefreshRequest::default().encode_to_vec());
    let refreshed = grpc_web(house.gateway(1).address(), &path, &[("cookie", pair)], &empty).await.expect("an answer");
    assert_eq!(refreshed.status.expect("a status").code(), Code::Ok);
    let next = refreshed.headers["set-cookie"].to_str().expect("the next cookie");
    assert_ne!(next.split(';').next(), Some(pair));

    let without = grpc_web(address, &path, &[], &empty).await.expect("an answer");
    let refusal = loquat_testkit::Refusal::from(&without.status.expect("a status"));
    assert_eq!(refusal.because(), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
}

async fn a_profile_is_changed_by_its_owner_and_seen_by_others(house: &House) {
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let change = |name: &str, paths: &[&str]| UpdateUserRequest {
        display_name: name.into(),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
    };
    ann.gateway.users().update_user(ann.ask(change("Ann the First", &["display_name"]))).await.expect("her own");
    let ben = ben.at(&house.gateway(1));
    let request = GetUserRequest { user_id: ann.user.to_string() };
    let seen = ben.gateway.users().get_user(ben.ask(request)).await.expect("everybody may").into_inner();
    assert_eq!(seen.user.expect("a user").display_name, "Ann the First");

    let long = format!("display_name{}", "x".repeat(60));
    let [many, very_many] = [17, 20_000].map(|count| vec!["display_name"; count]);
    for paths in
        [&[][..], &["handle"], &["display_name", "nothing"], &["display_name", &long], &many[..], &very_many[..]]
    {
        let refusal = refused(ann.gateway.users().update_user(ann.ask(change("Ann the Second", paths))).await);
        assert_eq!(
            refusal.told(),
            (Code::InvalidArgument, "loquat.users.v1", "UPDATE_MASK_INVALID"),
            "{}",
            paths.len()
        );
        assert!(refusal.fields.contains("update_mask"), "{refusal:?}");
    }
    let request = BatchGetUsersRequest { user_ids: vec![ann.user.to_string(), ann.session.to_string()] };
    let found = ben.gateway.users().batch_get_users(ben.ask(request)).await.expect("a good request").into_inner();
    let names: Vec<_> = found.users.iter().map(|user| user.display_name.as_str()).collect();
    assert_eq!(names, ["Ann the First"], "an id that nobody has is left out, and a refused change changed nothing");
}

async fn a_name_that_nobody_sees_or_that_turns_writing_is_refused(house: &House) {
    let ann = house.person("ann").await;
    let told = (Code::InvalidArgument, "loquat.authorization.v1", "INVALID_FIELDS");
    for name in ["\u{200b}", "\u{3000}", "\u{a0}\u{2060}", "\u{202e}", "Ada\u{202e}nimda", "\u{2066}Ada\u{2069}"] {
        let request = RegisterRequest {
            handle: format!("{}x", ann.handle),
            display_name: name.into(),
            password: "twelve chars".into(),
        };
        let register = refused(house.gateway(1).auth().register(request).await);
        let update_mask = Some(FieldMask { paths: vec!["display_name".into()] });
        let request = UpdateUserRequest { display_name: name.into(), update_mask };
        let update = refused(ann.gateway.users().update_user(ann.ask(request)).await);
        for refusal in [register, update] {
            assert_eq!(refusal.told(), told, "{name:?}");
            assert!(refusal.fields.contains("display_name"), "{name:?}: {refusal:?}");
        }
    }
    let profile =
        ann.gateway.users().get_user(ann.ask(GetUserRequest::default())).await.expect("a profile").into_inner();
    assert_eq!(profile.user.expect("a user").display_name, "ann");
}

async fn people_are_found_by_the_beginning_of_their_names(house: &House) {
    let first = house.person("zoe").await;
    let stem = &first.handle[..first.handle.len() - 2];
    for end in ["aa", "bb", "cc"] {
        let request = RegisterRequest {
            handle: format!("{stem}{end}"),
            display_name: "Zoe".into(),
            password: "twelve chars".into(),
        };
        house.gateway(0).auth().register(request).await.expect("a free handle");
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = SearchUsersRequest { query: stem.to_uppercase(), page_size: 2, page_token: token };
        let page = first.gateway.users().search_users(first.ask(request)).await.expect("a page").into_inner();
        assert!(page.users.len() <= 2);
        found.extend(page.users.into_iter().map(|user| user.handle));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(found.is_sorted(), "{found:?}");
    for handle in [&first.handle, &format!("{stem}aa"), &format!("{stem}bb"), &format!("{stem}cc")] {
        assert_eq!(found.iter().filter(|there| *there == handle).count(), 1, "{handle} in {found:?}");
    }
    let request = SearchUsersRequest { query: stem.into(), page_size: 2, page_token: "made up".into() };
    let refusal = refused(first.gateway.users().search_users(first.ask(request)).await);
    assert_eq!(refusal.told(), (Code::InvalidArgument, "loquat.users.v1", "PAGE_TOKEN_INVALID"));
}
