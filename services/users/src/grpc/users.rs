//! `UserService`.

use std::sync::Arc;

use loquat_ids::UserId;
use loquat_proto::users::v1::{
    BatchGetUsersRequest, BatchGetUsersResponse, GetUserRequest, GetUserResponse, SearchUsersRequest,
    SearchUsersResponse, UpdateUserRequest, UpdateUserResponse,
};
use loquat_rpc::{Caller, detached, server::users::v1::user_service_server::UserService, status};
use tonic::{Request, Response, Status};

use super::proto_user;
use crate::{
    error::Error,
    model::{DisplayName, PageSize},
    service::Accounts,
};

/// Answers `loquat.users.v1.UserService`.
#[derive(Debug)]
pub(crate) struct UserEndpoint {
    pub(crate) accounts: Arc<Accounts>,
}

#[tonic::async_trait]
impl UserService for UserEndpoint {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let id = match request.get_ref().user_id.as_str() {
            "" => Caller::of(&request).user()?.user_id,
            text => text.parse().map_err(|_| status(Error::UserNotFound))?,
        };
        let user = self.accounts.user(id).await.map_err(status)?;
        Ok(Response::new(GetUserResponse { user: Some(proto_user(user)) }))
    }

    async fn batch_get_users(
        &self,
        request: Request<BatchGetUsersRequest>,
    ) -> Result<Response<BatchGetUsersResponse>, Status> {
        let ids = request.get_ref().user_ids.iter().filter_map(|text| text.parse::<UserId>().ok());
        let users = self.accounts.users(ids).await.map_err(status)?;
        Ok(Response::new(BatchGetUsersResponse { users: users.into_iter().map(proto_user).collect() }))
    }

    async fn search_users(
        &self,
        request: Request<SearchUsersRequest>,
    ) -> Result<Response<SearchUsersResponse>, Status> {
        let request = request.into_inner();
        let page_token = Some(request.page_token.as_str()).filter(|token| !token.is_empty());
        let size = PageSize::of(request.page_size);
        let page = self.accounts.search(&request.query, size, page_token).await.map_err(status)?;
        Ok(Response::new(SearchUsersResponse {
            users: page.users.into_iter().map(proto_user).collect(),
            next_page_token: page.next.unwrap_or_default(),
        }))
    }

    async fn update_user(&self, request: Request<UpdateUserRequest>) -> Result<Response<UpdateUserResponse>, Status> {
        let id = Caller::of(&request).user()?.user_id;
        let name = new_display_name(&request.into_inner()).map_err(status)?;
        let accounts = Arc::clone(&self.accounts);
        let user = detached(async move { accounts.rename(id, &name).await.map_err(status) }).await?;
        Ok(Response::new(UpdateUserResponse { user: Some(proto_user(user)) }))
    }
}

/// How many paths an update mask may have, and how long each may be, in characters.
const MASK_PATHS: usize = 16;
const MASK_PATH_CHARS: usize = 64;

fn new_display_name(request: &UpdateUserRequest) -> Result<DisplayName, Error> {
    let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
    if paths.is_empty() {
        return Err(Error::UpdateMaskInvalid("is empty".to_owned()));
    }
    if paths.len() > MASK_PATHS {
        return Err(Error::UpdateMaskInvalid(format!("has more than {MASK_PATHS} paths")));
    }
    if paths.iter().any(|path| path.chars().nth(MASK_PATH_CHARS).is_some()) {
        return Err(Error::UpdateMaskInvalid(format!("has a path of more than {MASK_PATH_CHARS} characters")));
    }
    if let Some(other) = paths.iter().find(|path| *path != "display_name") {
        let shown: String = other.chars().filter(|character| !character.is_control()).collect();
        return Err(Error::UpdateMaskInvalid(format!("names {shown:?}, which cannot change")));
    }
    Ok(DisplayName::parse(&request.display_name)?)
}

#[cfg(test)]
mod tests {
    use loquat_proto::Validate as _;

    use super::*;

    fn request(display_name: &str, paths: &[&str]) -> UpdateUserRequest {
        let paths = paths.iter().map(ToString::to_string).collect();
        let update_mask = Some(prost_types::FieldMask { paths });
        UpdateUserRequest { display_name: display_name.to_owned(), update_mask }
    }

    #[test]
    fn the_mask_names_what_changes() {
        assert!(new_display_name(&request("Ada", &["display_name", "display_name"])).is_ok());
    }

    #[test]
    fn a_mask_without_paths_or_with_others_is_refused() {
        for paths in [&[][..], &["handle"], &["*"], &[""], &["displayName"], &["display_name", "create_time"]] {
            let refused = new_display_name(&request("Ada", paths));
            assert!(matches!(refused, Err(Error::UpdateMaskInvalid(_))), "{paths:?}: {refused:?}");
        }
    }

    #[test]
    fn a_mask_is_short() {
        assert!(new_display_name(&request("Ada", &["display_name"; 16])).is_ok());
        let long = "x".repeat(65);
        for paths in [&["display_name"; 17][..], &["display_name"; 20_000], &["display_name", &long]] {
            let refused = new_display_name(&request("Ada", paths));
            let Err(Error::UpdateMaskInvalid(problem)) = refused else { panic!("{} paths: {refused:?}", paths.len()) };
            assert!(problem.len() < 100, "{problem}");
        }
    }

    #[test]
    fn a_name_that_the_contract_takes_is_a_name_here() {
        let longest = "𝒜".repeat(64);
        let taken =
            ["A", " A ", "مریم\u{200c}السادات", "👩\u{200d}🚀", "❤\u{fe0f}", "\u{3000}村", "A\u{85}b", &longest];
        let refused =
            ["\u{200b}", "\u{3000}", "\u{a0} \u{2060}", "\u{e0061}", "\u{202e}", "Ada\u{202e}nimda", "Ada\u{200f}"];
        for (name, is_taken) in taken.map(|name| (name, true)).into_iter().chain(refused.map(|name| (name, false))) {
            let request = request(name, &["display_name"]);
            assert_eq!(request.validate().is_ok(), is_taken, "{name:?}");
            assert!(new_display_name(&request).is_ok(), "one from before is read too: {name:?}");
        }
    }

    #[test]
    fn a_named_field_must_not_be_empty() {
        let refused = new_display_name(&request("", &["display_name"]));
        assert!(matches!(&refused, Err(Error::Invalid(invalid)) if invalid.field == "display_name"), "{refused:?}");
    }
}
