//! Who exists, as the users service knows it.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use loquat_ids::UserId;
use loquat_proto::users::v1::{BatchGetUsersRequest, user_service_client::UserServiceClient};
use loquat_rpc::Channel;

use crate::ports::{UserDirectory, UsersError};

/// The users service over a channel.
#[derive(Debug, Clone)]
pub(crate) struct UsersDirectory {
    users: Channel,
}

impl UsersDirectory {
    /// Reaches the users service. Each call may take as long as the deadline.
    pub(crate) fn new(users: &Channel, deadline: Duration) -> Self {
        Self { users: users.with_deadline(deadline) }
    }
}

#[async_trait]
impl UserDirectory for UsersDirectory {
    async fn existing(&self, user_ids: &[UserId]) -> Result<HashSet<UserId>, UsersError> {
        let request = BatchGetUsersRequest { user_ids: user_ids.iter().map(ToString::to_string).collect() };
        let answer = UserServiceClient::new(self.users.clone()).batch_get_users(request).await;
        let found = answer.map_err(|refusal| UsersError(refusal.into()))?.into_inner().users;
        found.iter().map(|user| user.user_id.parse().map_err(|error| UsersError(Box::new(error)))).collect()
    }
}
