//! How the NATS twin is set up.

use std::{fmt, num::NonZeroUsize, path::PathBuf, str::FromStr, time::Duration};

use async_nats::{Client, ConnectOptions, Event};
use tokio::{sync::watch, time::timeout};

use super::link::Signals;
use crate::{BusError, DeadLetterLimits, Subject, consumer::is_plain_token};

/// Commands to the server that may wait while it is away, most of them subscriptions of a process that starts first.
const WAITING_COMMANDS: usize = 65_536;

/// News of one subscription that may wait in the client, which drops the newest, for the task that moves it at once to
/// our own queue, which drops the oldest.
const WAITING_NEWS: usize = 65_536;

/// How the NATS twin is set up. Start from [`NatsSettings::new`].
#[derive(Clone)]
pub struct NatsSettings {
    /// Servers of one cluster, such as `nats://localhost:4222`.
    pub urls: Vec<String>,
    /// Who connects. Default: nobody in particular.
    pub login: NatsLogin,
    /// Encryption beyond what the URLs' scheme `tls://` asks for. Default none.
    pub tls: Option<NatsTls>,
    /// What the server's monitoring calls this process. Default `loquat`.
    pub client_name: String,
    /// Stands before all subjects and behind the stream's name, so that several systems, or tests, share one server.
    /// Default none.
    pub prefix: Option<NatsPrefix>,
    /// What the stream keeps.
    pub stream: StreamLimits,
    /// What the stream of dead letters keeps. It has as many replicas as the other.
    pub dead_letters: DeadLetterLimits,
    /// How long a wake-up may stay unacknowledged before it comes again. Default 30 s.
    pub ack_wait: Duration,
    /// News that may wait for one subscriber. Beyond it the oldest goes and the subscriber is told. Default 4,096.
    pub subscription_capacity: NonZeroUsize,
    /// Wake-ups that may be unacknowledged at once, over all readers of a name. Default 1,024.
    pub consumer_capacity: NonZeroUsize,
    /// How often a reader of durable news asks whether the stream's bounds took away what it had not had. Default 30 s.
    pub loss_check_interval: Duration,
    /// How long a start waits for a server before it goes on without. Default 5 s.
    pub connect_deadline: Duration,
    /// How long a publish or a subscription waits for the server. Default 2 s.
    pub call_deadline: Duration,
    /// The longest delay between two attempts to connect. Default 2 s.
    pub reconnect_delay_cap: Duration,
    /// How often an idle connection is tried; the second silence in a row ends it. Default 5 s.
    pub ping_interval: Duration,
}

impl NatsSettings {
    /// The defaults, with some servers.
    #[must_use]
    pub fn new(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            login: NatsLogin::Anonymous,
            tls: None,
            client_name: "loquat".to_owned(),
            prefix: None,
            stream: StreamLimits::default(),
            dead_letters: DeadLetterLimits::default(),
            ack_wait: Duration::from_secs(30),
            subscription_capacity: NonZeroUsize::new(4_096).expect("not zero"),
            consumer_capacity: NonZeroUsize::new(1_024).expect("not zero"),
            loss_check_interval: Duration::from_secs(30),
            connect_deadline: Duration::from_secs(5),
            call_deadline: Duration::from_secs(2),
            reconnect_delay_cap: Duration::from_secs(2),
            ping_interval: Duration::from_secs(5),
        }
    }

    /// Makes the client, which connects in the background for ever and signals what it meets.
    pub(super) async fn connect(&self, signals: watch::Sender<Signals>) -> Result<Client, BusError> {
        if self.urls.is_empty() {
            return Err(BusError::Setting { setting: "urls", source: None });
        }
        let cap = self.reconnect_delay_cap;
        let options = self
            .login
            .apply(ConnectOptions::new())?
            .name(&self.client_name)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(move |attempts| reconnect_delay(attempts, cap))
            .connection_timeout(self.connect_deadline)
            .request_timeout(Some(self.call_deadline))
            .ping_interval(self.ping_interval)
            .client_capacity(WAITING_COMMANDS)
            .subscription_capacity(WAITING_NEWS)
            .event_callback(move |event| {
                signals.send_modify(|signals| signals.note(&event));
                async move { log(&event) }
            });
        let options = match &self.tls {
            Some(tls) => tls.apply(options),
            None => options,
        };
        let unusable = |source| BusError::Setting { setting: "urls", source };
        match timeout(self.connect_deadline, options.connect(self.urls.clone())).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(unusable(Some(error.into()))),
            Err(_) => Err(unusable(None)),
        }
    }

    /// Returns a subject or pattern as the server sees it.
    pub(super) fn wire(&self, subject: impl fmt::Display) -> String {
        match &self.prefix {
            Some(prefix) => format!("{}.{subject}", prefix.0),
            None => subject.to_string(),
        }
    }

    /// Reads a subject as the server sees it.
    pub(super) fn unwire(&self, wire: &str) -> Option<Subject> {
        let text = match &self.prefix {
            Some(prefix) => wire.strip_prefix(&*prefix.0)?.strip_prefix('.')?,
            None => wire,
        };
        text.parse().ok()
    }

    /// Returns the name of a stream at the server.
    pub(super) fn named(&self, stream: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{stream}_{}", prefix.0),
            None => stream.to_owned(),
        }
    }
}

impl fmt::Debug for NatsSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold a password: only what follows it is shown.
        let servers: Vec<_> = self.urls.iter().map(|url| url.rsplit(['@', '/']).next().unwrap_or_default()).collect();
        formatter
            .debug_struct("NatsSettings")
            .field("servers", &servers)
            .field("login", &self.login)
            .field("prefix", &self.prefix)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// Who connects. Its `Debug` shows no secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum NatsLogin {
    /// Nobody in particular, or whom the URLs name.
    #[default]
    Anonymous,
    /// A user with a password.
    User {
        /// The user.
        user: String,
        /// Its password.
        password: String,
    },
    /// Whoever holds a token.
    Token(String),
    /// A user by JWT and NKey: the text of a `.creds` file.
    Creds(String),
}

impl NatsLogin {
    fn apply(&self, options: ConnectOptions) -> Result<ConnectOptions, BusError> {
        Ok(match self {
            Self::Anonymous => options,
            Self::User { user, password } => options.user_and_password(user.clone(), password.clone()),
            Self::Token(token) => options.token(token.clone()),
            Self::Creds(creds) => options
                .credentials(creds)
                // The error may quote the text.
                .map_err(|_| BusError::Setting { setting: "creds", source: None })?,
        })
    }
}

impl fmt::Debug for NatsLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::User { .. } => "User",
            Self::Token(_) => "Token",
            Self::Creds(_) => "Creds",
        })
    }
}

/// Encryption: PEM files. A connection without is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NatsTls {
    /// Authorities to trust beside the system's.
    pub roots: Option<PathBuf>,
    /// The certificate that this process shows, and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl NatsTls {
    fn apply(&self, options: ConnectOptions) -> ConnectOptions {
        let options = options.require_tls(true);
        let options = match &self.roots {
            Some(roots) => options.add_root_certificates(roots.clone()),
            None => options,
        };
        match &self.certificate {
            Some((certificate, key)) => options.add_client_certificate(certificate.clone(), key.clone()),
            None => options,
        }
    }
}

/// What the stream of durable news keeps. It only wakes: what happened is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Servers that keep it, 1 to 5. Default 1.
    pub replicas: usize,
    /// How long it keeps news. Default 24 hours.
    pub max_age: Duration,
    /// How many bytes it keeps. Default 1 GiB.
    pub max_bytes: u64,
    /// How long a `news_id` is remembered. At most `max_age`. Default 2 minutes.
    pub duplicate_window: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            replicas: 1,
            max_age: Duration::from_secs(24 * 60 * 60),
            max_bytes: 1 << 30,
            duplicate_window: Duration::from_secs(120),
        }
    }
}

/// Keeps systems apart on one server: 1 to 40 ASCII letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsPrefix(String);

impl FromStr for NatsPrefix {
    type Err = BusError;

    fn from_str(text: &str) -> Result<Self, BusError> {
        if is_plain_token(text, 40) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BusError::Setting { setting: "prefix", source: None })
        }
    }
}

/// The first attempt comes at once, the next after 50 ms, then each after twice the time, up to the cap.
fn reconnect_delay(attempts: usize, cap: Duration) -> Duration {
    let Some(doublings) = attempts.checked_sub(2) else { return Duration::ZERO };
    let factor = 1_u32.checked_shl(u32::try_from(doublings).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
    Duration::from_millis(50).saturating_mul(factor).min(cap)
}

fn log(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to nats"),
        Event::Disconnected => tracing::warn!("lost the connection to nats"),
        Event::LameDuckMode => tracing::info!("nats server is about to stop"),
        Event::Draining | Event::Closed => {}
        Event::SlowConsumer(_) => tracing::warn!("a subscription fell behind and lost news"),
        Event::ServerError(error) => tracing::warn!(%error, "nats refused something"),
        Event::ClientError(error) => tracing::warn!(%error, "nats client error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let mut settings = NatsSettings::new(["nats://bob:hunter2@one:4222", "tls://two:4222"]);
        settings.login = NatsLogin::User { user: "bob".to_owned(), password: "hunter2".to_owned() };
        let shown = format!("{settings:?}");
        assert!(shown.contains("one:4222") && shown.contains("two:4222"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn attempts_to_connect_grow_apart_up_to_the_cap() {
        let cap = Duration::from_secs(2);
        let delays: Vec<u128> = [0, 1, 2, 3, 4, 8, 1_000].map(|n| reconnect_delay(n, cap).as_millis()).to_vec();
        assert_eq!(delays, [0, 0, 50, 100, 200, 2_000, 2_000]);
    }

    #[test]
    fn a_subject_of_another_prefix_is_not_ours() {
        let room = Subject::room(loquat_ids::RoomId::from_uuid(Default::default()));
        let mut settings = NatsSettings::new(["nats://one"]);
        assert_eq!(settings.unwire(&settings.wire(room)), Some(room));
        let bare = settings.wire(room);
        settings.prefix = Some("a".parse().expect("a prefix"));
        assert_eq!(settings.unwire(&settings.wire(room)), Some(room));
        assert_eq!(settings.unwire(&bare), None);
        assert_eq!(settings.unwire(&format!("ab.{bare}")), None);
    }

    #[test]
    fn a_prefix_is_one_plain_token() {
        for text in ["", "a.b", "a b", "*", ">", &"x".repeat(41)] {
            assert!(text.parse::<NatsPrefix>().is_err(), "{text}");
        }
    }
}
