//! From registering to the end of a session.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loquat_proto::users::v1::{
    GetKeySetRequest, GetUserRequest, RefreshRequest, SignOutRequest, Tokens, WatchRevocationsRequest,
};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Request, Response, Status};

use crate::harness::{PASSWORD, Replica, by, ended, folder, is_stored, reason};

async fn who(house: &Replica, tokens: &Tokens) -> Result<String, Status> {
    let answer = house.users().get_user(by(tokens, GetUserRequest::default())).await?;
    Ok(answer.into_inner().user.unwrap().handle)
}

#[tokio::test]
async fn a_session_from_its_beginning_to_a_stolen_token() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let first = house.newcomer("ada").await;
    assert_eq!(who(&house, &first).await.unwrap(), "ada");
    let secret = URL_SAFE_NO_PAD.decode(&first.refresh_token).unwrap();
    assert!(!is_stored(&folder, &first.refresh_token) && !is_stored(&folder, &secret), "only its hash is");
    assert!(is_stored(&folder, Sha256::digest(&first.refresh_token)));

    let answer = house.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(answer.user.unwrap().handle, "ada");
    let second = answer.tokens.unwrap();
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(who(&house, &second).await.unwrap(), "ada");

    house.clock.advance(Duration::from_secs(11));
    let refused = house.refresh(&first.refresh_token).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
    let refused = who(&house, &second).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::Unauthenticated, "SESSION_REVOKED"));
    let refused = house.refresh(&second.refresh_token).await.unwrap_err();
    assert_eq!(reason(&refused).0, "REFRESH_TOKEN_INVALID");
    assert_eq!(ended(&mut house.watch().await).await, [first.session_id]);
}

#[tokio::test]
async fn which_of_handle_and_password_is_wrong_is_not_told() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    house.register("ada", "Ada").await.unwrap();
    let mut texts = Vec::new();
    for (handle, password) in [("ada", "wrong horse battery"), ("nobody", PASSWORD), ("ADA@example.org", PASSWORD)] {
        let refused = house.sign_in(handle, password).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::Unauthenticated, "CREDENTIALS_WRONG"));
        texts.push(refused.message().to_owned());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(house.sign_in("ADA", PASSWORD).await.unwrap().user.unwrap().handle, "ada");
}

#[tokio::test]
async fn an_access_token_ends_after_five_minutes() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    assert_eq!(tokens.access_expire_time.unwrap().seconds, 1_800_000_300);
    assert_eq!(tokens.refresh_expire_time.unwrap().seconds, 1_800_000_000 + 30 * 86_400);
    house.clock.advance(Duration::from_secs(299));
    assert!(who(&house, &tokens).await.is_ok());
    // Far enough for any leeway.
    house.clock.advance(Duration::from_secs(121));
    assert_eq!(reason(&who(&house, &tokens).await.unwrap_err()).0, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn signing_out_is_heard_by_another_replica_and_survives_a_restart() {
    let folder = folder();
    let (one, other) = (Replica::start(&folder).await, Replica::start(&folder).await);
    let tokens = one.newcomer("ada").await;
    assert_eq!(who(&other, &tokens).await.unwrap(), "ada", "both sign and verify with one key");
    let mut watch = other.watch().await;
    assert_eq!(watch.message().await.unwrap().unwrap().sessions, [], "it says that it has begun");

    one.auth().sign_out(by(&tokens, SignOutRequest {})).await.unwrap();
    assert_eq!(reason(&who(&one, &tokens).await.unwrap_err()).0, "SESSION_REVOKED");
    let heard = tokio::time::timeout(Duration::from_secs(1), ended(&mut watch)).await.expect("within a second");
    assert_eq!(heard, std::slice::from_ref(&tokens.session_id));
    assert_eq!(reason(&who(&other, &tokens).await.unwrap_err()).0, "SESSION_REVOKED");

    let again = Replica::start(&folder).await;
    assert_eq!(reason(&who(&again, &tokens).await.unwrap_err()).0, "SESSION_REVOKED");
    assert_eq!(reason(&again.refresh(&tokens.refresh_token).await.unwrap_err()).0, "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_watch_begins_with_all_that_ended_and_ends_with_the_process() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    house.auth().sign_out(by(&tokens, SignOutRequest {})).await.unwrap();
    let mut watch = house.watch().await;
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.sessions[0].session_id, tokens.session_id);
    assert!(first.sessions[0].forget_time.unwrap().seconds > tokens.access_expire_time.unwrap().seconds);
    house.frame.stop.cancel();
    while watch.message().await.unwrap().is_some() {}
}

#[tokio::test]
async fn only_the_services_that_the_contract_names_watch_revocations() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let refused = house.auth_of_a_stranger().watch_revocations(WatchRevocationsRequest {}).await.map(|_| ());
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_in_a_cookie() {
    let folder = folder();
    let house = Replica::start_with(&folder, &["--public-url=https://chat.example.org"]).await;
    house.register("ada", "Ada").await.unwrap();
    let answer = house.sign_in_by_cookie("ada").await.unwrap();
    let cookie = set_cookie(&answer);
    assert_eq!(answer.into_inner().tokens.unwrap().refresh_token, "");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/loquat.users.v1.AuthService/; Max-Age=2592000; Secure");

    let refresh = |cookie: Option<&str>| {
        let mut request = Request::new(RefreshRequest::default());
        if let Some(cookie) = cookie {
            request.metadata_mut().insert("cookie", cookie.parse().unwrap());
        }
        let mut auth = house.auth();
        async move { auth.refresh(request).await }
    };
    let answer = refresh(Some(&format!("theme=dark; {pair}"))).await.unwrap();
    let next = set_cookie(&answer);
    assert!(next.starts_with("loquat_refresh=") && !next.starts_with(pair), "{next}");
    let tokens = answer.into_inner().tokens.unwrap();
    assert_eq!(tokens.refresh_token, "");
    assert_eq!(reason(&refresh(None).await.unwrap_err()).0, "REFRESH_TOKEN_INVALID");

    let answer = house.auth().sign_out(by(&tokens, SignOutRequest {})).await.unwrap();
    assert!(set_cookie(&answer).starts_with("loquat_refresh=; "), "{answer:?}");
}

#[tokio::test]
async fn a_client_with_a_safe_of_its_own_gets_no_cookie() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    let answer = house.auth().refresh(RefreshRequest { refresh_token: tokens.refresh_token }).await.unwrap();
    assert!(answer.metadata().get("set-cookie").is_none());
    assert!(!answer.into_inner().tokens.unwrap().refresh_token.is_empty());
}

#[tokio::test]
async fn the_key_set_is_public_and_names_the_key_of_the_tokens() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    let set = house.auth().get_key_set(GetKeySetRequest {}).await.unwrap().into_inner();
    assert_eq!((set.issuer.as_str(), set.audience.as_str(), set.keys.len()), ("loquat", "loquat", 1));
    assert_eq!(set.keys[0].ed25519.len(), 32);
    let header = jsonwebtoken::decode_header(&tokens.access_token).unwrap();
    assert_eq!(header.kid.as_ref(), Some(&set.keys[0].key_id));
}

fn set_cookie<T>(answer: &Response<T>) -> String {
    answer.metadata().get("set-cookie").unwrap().to_str().unwrap().to_owned()
}
