//! The contract on one side, the model on the other: the only place that knows both.

mod auth;
mod cookie;
mod users;

pub(crate) use auth::AuthEndpoint;
pub(crate) use cookie::RefreshCookie;
pub(crate) use users::UserEndpoint;

use loquat_proto::users::v1 as proto;
use loquat_rpc::proto_time;

use crate::model::User;

fn proto_user(user: User) -> proto::User {
    proto::User {
        user_id: user.id.to_string(),
        handle: user.handle.to_string(),
        display_name: user.display_name.as_str().to_owned(),
        create_time: Some(proto_time(user.create_time)),
    }
}
