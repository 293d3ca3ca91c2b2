//! The service's settings, and the one function that joins its parts.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, value_parser};
use loquat_rpc::{KeySet, MAX_REQUEST_BYTES, Verifier, VerifyingKey, server::users::v1 as server};
use loquat_runtime::{Frame, Readiness, Secret, SettingError, Wired, reaching};
use tonic::service::Routes;

use crate::{
    grpc::{AuthEndpoint, RefreshCookie, UserEndpoint},
    hashing::Argon2Hasher,
    model::{EndedSession, Lifetimes, PageTokens, SigningKey},
    ports::{AccountStore, PasswordHasher, SessionEndListener, SessionStore},
    service::{Accounts, RevocationFeed, Sessions, ensure_signing_keys},
    signing::{Ed25519Signer, RandomTokens, make_key},
    store::{SqlStore, StoreError},
};

/// The settings of the users service.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// Database of the accounts: `postgres://user:password@host/name`, or `sqlite:` and the path of a file, which is made
    /// where there is none. Without it `loquat` keeps a file in its data folder; a process of its own needs it.
    #[arg(long, env = "LOQUAT_USERS_DATABASE_URL", value_name = "URL")]
    pub users_database_url: Option<Secret>,

    /// How long an access token is valid, in seconds.
    #[arg(
        long,
        env = "LOQUAT_USERS_ACCESS_TOKEN_SECONDS",
        default_value_t = 300,
        value_parser = value_parser!(u32).range(30..=3_600),
        value_name = "SECONDS"
    )]
    pub users_access_token_seconds: u32,

    /// How long a session lasts after its last refresh, in days.
    #[arg(
        long,
        env = "LOQUAT_USERS_REFRESH_TOKEN_DAYS",
        default_value_t = 30,
        value_parser = value_parser!(u32).range(1..=365),
        value_name = "DAYS"
    )]
    pub users_refresh_token_days: u32,

    /// How many passwords are hashed at once. Each takes a processor and 19 MiB for some tens of milliseconds.
    #[arg(
        long,
        env = "LOQUAT_USERS_HASHING_CONCURRENCY",
        default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=256),
        value_name = "COUNT"
    )]
    pub users_hashing_concurrency: u16,

    /// Who issues the access tokens: what their `iss` says.
    #[arg(
        long,
        env = "LOQUAT_USERS_TOKEN_ISSUER",
        default_value = "loquat",
        value_parser = token_party,
        value_name = "NAME"
    )]
    pub users_token_issuer: String,

    /// Whom the access tokens are for: what their `aud` says.
    #[arg(
        long,
        env = "LOQUAT_USERS_TOKEN_AUDIENCE",
        default_value = "loquat",
        value_parser = token_party,
        value_name = "NAME"
    )]
    pub users_token_audience: String,

    /// Address under which people reach the page. Where it is https, cookies are sent over https alone.
    #[arg(
        long,
        env = "LOQUAT_PUBLIC_URL",
        default_value = "http://localhost:3000",
        value_parser = public_url,
        value_name = "URL"
    )]
    pub public_url: String,
}

impl Settings {
    fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            access: Duration::from_secs(self.users_access_token_seconds.into()),
            refresh: Duration::from_secs(u64::from(self.users_refresh_token_days) * 24 * 60 * 60),
        }
    }

    /// Opens the database that the settings name.
    pub(crate) async fn open_store(&self) -> anyhow::Result<SqlStore> {
        const SETTING: &str = "LOQUAT_USERS_DATABASE_URL";
        let url = self.users_database_url.as_ref().ok_or_else(|| SettingError::new(SETTING, "it must be set"))?;
        match reaching(SETTING, SqlStore::open(url.reveal())).await {
            Err(error @ (StoreError::UrlInvalid | StoreError::File(_))) => {
                Err(SettingError::new(SETTING, error).into())
            }
            opened => opened.context(SETTING),
        }
    }
}

/// Joins the parts of the service, and begins to follow which sessions end.
///
/// It calls no other service and publishes nothing, so that it takes neither channels nor a bus.
///
/// # Errors
///
/// Where the database cannot be opened, is newer than this program, or does not answer.
pub async fn wire(settings: &Settings, frame: &Frame) -> anyhow::Result<Wired> {
    let store = Arc::new(settings.open_store().await?);
    let lifetimes = settings.lifetimes();
    let keys = ensure_signing_keys(&*store, |generation| make_key(generation, frame.clock.now())).await?;
    let key_set = key_set(settings, &keys);
    let verifier = Verifier::own(&key_set, Arc::clone(&frame.clock));

    let sessions_store: Arc<dyn SessionStore> = store.clone();
    let listener = Arc::new(OwnVerifier(verifier.clone()));
    let feed = Arc::new(RevocationFeed::new(sessions_store.clone(), Arc::clone(&frame.clock), lifetimes, listener));
    // Before the first call: a session that ended before a restart is still over after it.
    feed.catch_up().await.context("the ended sessions cannot be read")?;
    frame.tasks.spawn(Arc::clone(&feed).run(frame.stop.clone()));

    let hasher: Arc<dyn PasswordHasher> = Arc::new(Argon2Hasher::new(settings.users_hashing_concurrency.into()));
    let accounts_store: Arc<dyn AccountStore> = store.clone();
    let accounts = Arc::new(Accounts {
        store: accounts_store.clone(),
        hasher: hasher.clone(),
        page_tokens: page_tokens(&keys),
        clock: Arc::clone(&frame.clock),
        ids: Arc::clone(&frame.ids),
    });
    let sessions = Arc::new(Sessions {
        accounts: accounts_store,
        store: sessions_store,
        hasher,
        signer: Arc::new(signer(settings, &keys[0])),
        tokens: Arc::new(RandomTokens),
        feed: Arc::clone(&feed),
        lifetimes,
        clock: Arc::clone(&frame.clock),
        ids: Arc::clone(&frame.ids),
    });

    let auth = AuthEndpoint {
        accounts: Arc::clone(&accounts),
        sessions,
        feed,
        cookie: RefreshCookie::new(lifetimes.refresh, settings.public_url.starts_with("https://")),
        key_set,
        stop: frame.stop.clone(),
    };
    let auth = server::auth_service_server::AuthServiceServer::new(auth);
    let users = server::user_service_server::UserServiceServer::new(UserEndpoint { accounts });
    let routes = Routes::new(auth.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(users.max_decoding_message_size(MAX_REQUEST_BYTES));
    let readiness = Readiness::new().check("accounts store", move || {
        let store = Arc::clone(&store);
        async move { store.ping().await.is_ok() }
    });
    Ok(Wired { routes, verifier, readiness })
}

fn key_set(settings: &Settings, keys: &[SigningKey]) -> KeySet {
    KeySet {
        issuer: settings.users_token_issuer.clone(),
        audience: settings.users_token_audience.clone(),
        keys: keys.iter().map(|key| VerifyingKey { key_id: key.key_id.clone(), ed25519: key.public }).collect(),
    }
}

fn signer(settings: &Settings, newest: &SigningKey) -> Ed25519Signer {
    let (issuer, audience) = (settings.users_token_issuer.clone(), settings.users_token_audience.clone());
    Ed25519Signer::new(newest, issuer, audience, settings.lifetimes())
}

/// The oldest key is the secret that replicas share for the longest.
fn page_tokens(keys: &[SigningKey]) -> PageTokens {
    PageTokens::derived_from(keys[keys.len() - 1].private.as_pkcs8())
}

/// Tells the verifier of this process, which asks nobody else.
#[derive(Debug)]
struct OwnVerifier(Verifier);

impl SessionEndListener for OwnVerifier {
    fn session_ended(&self, ended: &EndedSession) {
        self.0.revoke(ended.session_id, ended.forget_time);
    }
}

fn token_party(text: &str) -> Result<String, String> {
    if (1..=256).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err("it must have 1 to 256 characters".to_owned())
    }
}

fn public_url(text: &str) -> Result<String, String> {
    match text.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => Ok(text.to_owned()),
        _ => Err("it must be an address such as https://chat.example.org".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, clap::Error> {
        let arguments = std::iter::once("users").chain(arguments.iter().copied());
        Settings::from_arg_matches(&Settings::augment_args(Command::new("users")).try_get_matches_from(arguments)?)
    }

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.lifetimes().access, Duration::from_secs(5 * 60));
        assert_eq!(settings.lifetimes().refresh, Duration::from_secs(30 * 24 * 60 * 60));
    }

    #[test]
    fn wrong_settings_are_refused() {
        for wrong in [
            "--public-url=chat.example.org",
            "--public-url=ftp://chat.example.org",
            "--users-token-issuer=",
            "--users-hashing-concurrency=0",
            "--users-access-token-seconds=1",
        ] {
            assert!(settings(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_start_without_a_database_names_the_setting() {
        for arguments in [&[][..], &["--users-database-url=mysql://host/name"]] {
            let error = wire(&settings(arguments).unwrap(), &Frame::real()).await.unwrap_err();
            let error: SettingError = error.downcast().unwrap();
            assert_eq!(error.setting, "LOQUAT_USERS_DATABASE_URL");
        }
    }
}
