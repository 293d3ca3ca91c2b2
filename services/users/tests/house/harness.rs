//! A users service with a clock that stands still, and a client of it.

use std::{fs, path::Path, sync::Arc, time::Duration};

use clap::{Args as _, Command, FromArgMatches as _};
use loquat_ids::{FixedClock, RandomIds, Timestamp};
use loquat_proto::users::v1::{
    RefreshRequest, RefreshResponse, RefreshTokenDelivery, RegisterRequest, RegisterResponse, SignInRequest,
    SignInResponse, Tokens, WatchRevocationsRequest, WatchRevocationsResponse, auth_service_client::AuthServiceClient,
    user_service_client::UserServiceClient,
};
use loquat_rpc::{Channel, Served, ServiceName};
use loquat_runtime::Frame;
use loquat_users::app::{Settings, wire};
use tempfile::TempDir;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;

pub const PASSWORD: &str = "correct horse battery staple";

/// One replica and a gateway's channel to it.
pub struct Replica {
    pub frame: Frame,
    pub clock: Arc<FixedClock>,
    channel: Channel,
    served: Served,
}

/// Where replicas keep their accounts.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn settings(folder: &Path, more: &[&str]) -> Settings {
    let url = format!("--users-database-url=sqlite:{}", folder.join("users.db").display());
    let arguments = ["users", &url].into_iter().chain(more.iter().copied());
    let matches = Settings::augment_args(Command::new("users")).try_get_matches_from(arguments).unwrap();
    Settings::from_arg_matches(&matches).unwrap()
}

impl Replica {
    pub async fn start(folder: &TempDir) -> Self {
        Self::start_with(folder, &[]).await
    }

    pub async fn start_with(folder: &TempDir, more: &[&str]) -> Self {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
        let frame = Frame::new(clock.clone(), Arc::new(RandomIds));
        let wired = wire(&settings(folder.path(), more), &frame).await.unwrap();
        let served = wired.serve("loquat.users.v1", &frame);
        let channel = Channel::in_process(served.clone(), ServiceName::new_static("gateway"));
        // Hashing without optimisation is slow.
        Self { frame, clock, channel: channel.with_deadline(Duration::from_secs(30)), served }
    }

    pub fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    /// The same, reached by a service that the contract does not name.
    pub fn auth_of_a_stranger(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(Channel::in_process(self.served.clone(), ServiceName::new_static("stranger")))
    }

    pub fn users(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel.clone())
    }

    pub async fn register(&self, handle: &str, shown: &str) -> Result<RegisterResponse, Status> {
        let request = RegisterRequest { handle: handle.into(), display_name: shown.into(), password: PASSWORD.into() };
        self.auth().register(request).await.map(Response::into_inner)
    }

    pub async fn sign_in(&self, handle: &str, password: &str) -> Result<SignInResponse, Status> {
        let request = SignInRequest { handle: handle.into(), password: password.into(), ..Default::default() };
        self.auth().sign_in(request).await.map(Response::into_inner)
    }

    pub async fn sign_in_by_cookie(&self, handle: &str) -> Result<Response<SignInResponse>, Status> {
        let mut request = SignInRequest { handle: handle.into(), password: PASSWORD.into(), ..Default::default() };
        request.set_refresh_token_delivery(RefreshTokenDelivery::Cookie);
        self.auth().sign_in(request).await
    }

    /// Registers and signs in.
    pub async fn newcomer(&self, handle: &str) -> Tokens {
        self.register(handle, handle).await.unwrap();
        self.sign_in(handle, PASSWORD).await.unwrap().tokens.unwrap()
    }

    pub async fn refresh(&self, refresh_token: &str) -> Result<RefreshResponse, Status> {
        let request = RefreshRequest { refresh_token: refresh_token.into() };
        self.auth().refresh(request).await.map(Response::into_inner)
    }

    pub async fn watch(&self) -> Streaming<WatchRevocationsResponse> {
        self.auth().watch_revocations(WatchRevocationsRequest {}).await.unwrap().into_inner()
    }
}

/// A call by the holder of an access token.
pub fn by<T>(tokens: &Tokens, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {}", tokens.access_token).parse().unwrap());
    request
}

/// The reason that a status gives, and the fields that it names.
pub fn reason(status: &Status) -> (String, Vec<String>) {
    let details = status.get_error_details();
    let fields = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    (reason, fields.iter().map(|violation| violation.field.clone()).collect())
}

/// The sessions of the next batch that says something.
pub async fn ended(watch: &mut Streaming<WatchRevocationsResponse>) -> Vec<String> {
    loop {
        let batch = watch.message().await.unwrap().unwrap();
        if !batch.sessions.is_empty() {
            return batch.sessions.into_iter().map(|session| session.session_id).collect();
        }
    }
}

/// Whether something stands anywhere in the files of a folder.
pub fn is_stored(folder: &TempDir, text: impl AsRef<[u8]>) -> bool {
    let sought = text.as_ref();
    fs::read_dir(folder.path()).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(sought.len()).any(|window| window == sought)
    })
}
