//! Accounts and profiles.

use loquat_ids::{IdSource as _, RandomIds};
use loquat_proto::users::v1::{
    BatchGetUsersRequest, GetUserRequest, SearchUsersRequest, UpdateUserRequest, register_response::NextStep,
};
use loquat_users::ensure_system_user;
use prost_types::FieldMask;
use tonic::Code;

use crate::harness::{PASSWORD, Replica, by, folder, is_stored, reason, settings};

#[tokio::test]
async fn registering_answers_the_next_step_and_keeps_no_password() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let answer = house.register("ada", "Ada").await.unwrap();
    assert!(matches!(answer.next_step, Some(NextStep::SignIn(_))));
    assert!(is_stored(&folder, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!is_stored(&folder, PASSWORD));
}

#[tokio::test]
async fn a_taken_handle_is_refused_and_named() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    house.register("ada", "Ada").await.unwrap();
    let refused = house.register("ada", "Another").await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(reason(&refused), ("HANDLE_TAKEN".to_owned(), vec!["handle".to_owned()]));
}

#[tokio::test]
async fn people_are_found_by_id_and_one_finds_oneself() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    house.register("bob", "Bob").await.unwrap();

    let mut users = house.users();
    let me = users.get_user(by(&tokens, GetUserRequest::default())).await.unwrap().into_inner().user.unwrap();
    assert_eq!(me.handle, "ada");
    assert_eq!(me.create_time.unwrap().seconds, 1_800_000_000);
    let nobody = RandomIds.fresh().to_string();
    let refused = users.get_user(by(&tokens, GetUserRequest { user_id: nobody.clone() })).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::NotFound, "USER_NOT_FOUND"));

    let request = BatchGetUsersRequest { user_ids: vec![me.user_id.to_uppercase(), nobody, me.user_id.clone()] };
    let found = users.batch_get_users(by(&tokens, request)).await.unwrap().into_inner().users;
    assert_eq!(found, [me]);
}

#[tokio::test]
async fn a_search_goes_by_pages_and_knows_its_own_tokens() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("kim").await;
    for handle in ["kim1", "kim2", "zed"] {
        house.register(handle, "Kim").await.unwrap();
    }
    let search = |query: &str, page_token: &str| {
        let (query, page_token) = (query.to_owned(), page_token.to_owned());
        by(&tokens, SearchUsersRequest { query, page_size: 2, page_token })
    };
    let mut users = house.users();
    let first = users.search_users(search("KIM", "")).await.unwrap().into_inner();
    let second = users.search_users(search("kim", &first.next_page_token)).await.unwrap().into_inner();
    let handles: Vec<String> = first.users.into_iter().chain(second.users).map(|user| user.handle).collect();
    assert_eq!(handles, ["kim", "kim1", "kim2", "zed"]);
    assert_eq!(second.next_page_token, "");

    for (query, token) in [("ki", first.next_page_token.as_str()), ("kim", "a2lt"), ("kim", "%"), ("\0", "a2lt")] {
        let refused = users.search_users(search(query, token)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), ("PAGE_TOKEN_INVALID".to_owned(), vec!["page_token".to_owned()]));
    }
    let none = users.search_users(search("ki\0", "")).await.unwrap().into_inner();
    assert!(none.users.is_empty() && none.next_page_token.is_empty());
}

#[tokio::test]
async fn one_changes_ones_own_display_name() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let tokens = house.newcomer("ada").await;
    let update = |display_name: &str, paths: &[&str]| {
        let update_mask = Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        by(&tokens, UpdateUserRequest { display_name: display_name.into(), update_mask })
    };
    let mut users = house.users();
    let changed = users.update_user(update("Countess", &["display_name"])).await.unwrap().into_inner().user.unwrap();
    assert_eq!((changed.handle.as_str(), changed.display_name.as_str()), ("ada", "Countess"));

    for (name, paths, expected, field) in [
        ("Ada", &[][..], "UPDATE_MASK_INVALID", "update_mask"),
        ("Ada", &["handle"], "UPDATE_MASK_INVALID", "update_mask"),
        ("", &["display_name"], "INVALID_FIELDS", "display_name"),
    ] {
        let refused = users.update_user(update(name, paths)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), (expected.to_owned(), vec![field.to_owned()]));
    }
    let me = users.get_user(by(&tokens, GetUserRequest::default())).await.unwrap().into_inner().user;
    assert_eq!(me, Some(changed));
}

#[tokio::test]
async fn the_system_user_is_made_once_and_nobody_signs_in_to_it() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    let settings = settings(folder.path(), &[]);
    let id = ensure_system_user(&settings, &house.frame).await.unwrap();
    assert_eq!(ensure_system_user(&settings, &house.frame).await.unwrap(), id);
    let refused = house.sign_in("loquat", PASSWORD).await.unwrap_err();
    assert_eq!(reason(&refused).0, "CREDENTIALS_WRONG");
    let refused = house.register("loquat", "Impostor").await.unwrap_err();
    assert_eq!(reason(&refused).0, "HANDLE_TAKEN");
}

#[tokio::test]
async fn a_person_does_not_become_the_system_user() {
    let folder = folder();
    let house = Replica::start(&folder).await;
    house.register("loquat", "Impostor").await.unwrap();
    let refused = ensure_system_user(&settings(folder.path(), &[]), &house.frame).await.unwrap_err();
    assert!(format!("{refused:#}").contains("@loquat"), "{refused:#}");
}
