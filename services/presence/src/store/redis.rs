//! The twin in Redis: shared by the processes of the service, and lost with it. Needs Redis 6.2 or newer (`HRANDFIELD`).

use std::{fmt, time::Duration};

use async_trait::async_trait;
use loquat_ids::{Timestamp, UserId};
use redis::{
    Client, FromRedisValue, IntoConnectionInfo, ProtocolVersion, RedisError, Script, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::time::timeout;

use crate::{
    model::{Availability, Renewal, Renewed, Setting, Standing, StatusText, Version},
    ports::{PresenceStore, StoreError},
};

type Result<T> = std::result::Result<T, StoreError>;

/// Users that one step reads or changes at most, so that no step holds Redis up for long: 5,000 took it 140 ms.
const STEP: usize = 200;

/// Presence in Redis. Each step is a script, which Redis runs alone. A large renewal takes several: each leaves things whole, and
/// the same renewal again goes on where one failed.
pub(crate) struct RedisPresenceStore {
    manager: ConnectionManager,
    /// Stands before all keys. In braces, so that a cluster keeps them together.
    prefix: String,
    deadline: Duration,
    steps: Steps,
}

struct Steps {
    keep: Script,
    hold: Script,
    lapse: Script,
    set: Script,
    read: Script,
    told: Script,
}

/// What a step tells of a person: whether it is connected, availability, status, since, last there, version.
type Row = (bool, Option<String>, Option<String>, Option<i64>, Option<i64>, Option<u64>);

impl RedisPresenceStore {
    /// Makes the store. It connects when it is first asked, and again whenever it must.
    ///
    /// # Errors
    /// Where the URL cannot be used.
    pub(crate) fn new(url: &str, prefix: &str, deadline: Duration) -> std::result::Result<Self, RedisError> {
        let address = url.into_connection_info()?;
        let settings = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(address.set_redis_settings(settings))?;
        // One attempt for each call: a call answers within its deadline, and the next tries again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(deadline))
            .set_response_timeout(Some(deadline));
        let manager = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { manager, prefix: format!("{{{prefix}}}"), deadline, steps: Steps::new() })
    }

    /// Begins a step.
    fn step<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut step = script.prepare_invoke();
        // The one key that is named gives a cluster the place of all others.
        step.key(format!("{}leases", self.prefix)).arg(&self.prefix);
        step
    }

    async fn run<T: FromRedisValue>(&self, doing: &'static str, step: &ScriptInvocation<'_>) -> Result<T> {
        let mut manager = self.manager.clone();
        self.within_deadline(doing, step.invoke_async(&mut manager)).await
    }

    async fn within_deadline<T>(
        &self,
        doing: &'static str,
        call: impl Future<Output = std::result::Result<T, RedisError>>,
    ) -> Result<T> {
        match timeout(self.deadline, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(StoreError { doing, source: Some(error.into()) }),
            Err(late) => Err(StoreError { doing, source: Some(late.into()) }),
        }
    }
}

impl Steps {
    fn new() -> Self {
        let step = |code: &str| Script::new(&[include_str!("redis/steps.lua"), code].concat());
        Self {
            keep: step(include_str!("redis/keep.lua")),
            hold: step(include_str!("redis/hold.lua")),
            lapse: step(include_str!("redis/lapse.lua")),
            set: step(include_str!("redis/set.lua")),
            read: step(include_str!("redis/read.lua")),
            told: step(include_str!("redis/told.lua")),
        }
    }
}

impl fmt::Debug for RedisPresenceStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisPresenceStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl PresenceStore for RedisPresenceStore {
    async fn renew(&self, renewal: &Renewal, now: Timestamp, expires: Timestamp) -> Result<Renewed> {
        let users = renewal.by_user();
        let mut changed = Vec::new();
        loop {
            let mut step = self.step(&self.steps.keep);
            step.arg(renewal.gateway.to_string()).arg(u8::from(renewal.is_complete));
            step.arg(now.as_micros()).arg(expires.as_micros()).arg(STEP);
            if renewal.is_complete {
                for user in users.keys() {
                    step.arg(user.to_string());
                }
            }
            let kept: Option<(Vec<String>, bool)> = self.run("keep a lease", &step).await?;
            let Some((gone, has_more)) = kept else { return Ok(Renewed::Unknown) };
            changed.extend(self::users("keep a lease", &gone)?);
            if !has_more {
                break;
            }
        }
        let users: Vec<_> = users.into_iter().collect();
        for chunk in users.chunks(STEP) {
            let mut step = self.step(&self.steps.hold);
            step.arg(renewal.gateway.to_string()).arg(u8::from(renewal.is_complete)).arg(now.as_micros());
            for (user, devices) in chunk {
                step.arg(user.to_string()).arg(joined(&devices.connected)).arg(joined(&devices.disconnected));
            }
            let came: Option<Vec<String>> = self.run("take what a gateway holds", &step).await?;
            // The store was lost between two steps.
            let Some(came) = came else { return Ok(Renewed::Unknown) };
            changed.extend(self::users("take what a gateway holds", &came)?);
        }
        Ok(Renewed::Kept { changed })
    }

    async fn lapse(&self, now: Timestamp, limit: usize) -> Result<Option<Vec<UserId>>> {
        let mut step = self.step(&self.steps.lapse);
        step.arg(now.as_micros()).arg(limit);
        let changed: Option<Vec<String>> = self.run("end a lease", &step).await?;
        changed.map(|changed| users("end a lease", &changed)).transpose()
    }

    async fn set(&self, user: UserId, setting: &Setting, now: Timestamp) -> Result<Standing> {
        let mut step = self.step(&self.steps.set);
        step.arg(user.to_string()).arg(name(setting.availability)).arg(setting.status_text.as_str());
        step.arg(now.as_micros());
        Ok(standing(user, self.run("take a setting", &step).await?))
    }

    async fn read(&self, users: &[UserId]) -> Result<Vec<Standing>> {
        let mut standings = Vec::with_capacity(users.len());
        for chunk in users.chunks(STEP) {
            let mut step = self.step(&self.steps.read);
            for user in chunk {
                step.arg(user.to_string());
            }
            let rows: Vec<Row> = self.run("read presence", &step).await?;
            if rows.len() != chunk.len() {
                return Err(StoreError { doing: "read presence of all", source: None });
            }
            standings.extend(chunk.iter().zip(rows).map(|(user, row)| standing(*user, row)));
        }
        Ok(standings)
    }

    async fn untold(&self, limit: usize) -> Result<Vec<(UserId, Version)>> {
        let Some(last) = limit.checked_sub(1) else { return Ok(Vec::new()) };
        let mut command = redis::cmd("ZRANGE");
        command.arg(format!("{}untold", self.prefix)).arg(0).arg(last).arg("WITHSCORES");
        let mut manager = self.manager.clone();
        let rows: Vec<(String, f64)> =
            self.within_deadline("read what is untold", command.query_async(&mut manager)).await?;
        // Scores are doubles, exact up to 2^53.
        let change = |(user, version)| Ok((self::user("read what is untold", user)?, Version(version as u64)));
        rows.iter().map(|(user, version)| change((user, *version))).collect()
    }

    async fn told(&self, changes: &[(UserId, Version)]) -> Result<Vec<UserId>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut step = self.step(&self.steps.told);
        for (user, version) in changes {
            step.arg(user.to_string()).arg(version.0);
        }
        let others: Vec<String> = self.run("note what is told", &step).await?;
        users("note what is told", &others)
    }

    async fn ping(&self) -> Result<()> {
        let mut manager = self.manager.clone();
        self.within_deadline("answer", redis::cmd("PING").query_async(&mut manager)).await
    }
}

fn joined(streams: &[&loquat_ids::ConnectionId]) -> String {
    // Ids have no blanks.
    streams.iter().map(|stream| stream.as_str()).collect::<Vec<_>>().join(" ")
}

fn user(doing: &'static str, text: &str) -> Result<UserId> {
    text.parse().map_err(|error: loquat_ids::IdError| StoreError { doing, source: Some(error.into()) })
}

fn users(doing: &'static str, texts: &[String]) -> Result<Vec<UserId>> {
    texts.iter().map(|text| user(doing, text)).collect()
}

fn standing(user: UserId, (is_connected, availability, status, since, last_there, untold): Row) -> Standing {
    let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    let setting = Setting {
        availability: availability.as_deref().map(availability_named).unwrap_or_default(),
        // Written by a later version with another rule, if at all.
        status_text: status.and_then(|text| StatusText::parse(&text).ok()).unwrap_or_default(),
    };
    Standing {
        user,
        is_connected,
        setting,
        since: moment(since),
        last_there: moment(last_there),
        untold: untold.map(Version),
    }
}

fn name(availability: Availability) -> &'static str {
    match availability {
        Availability::Online => "online",
        Availability::Away => "away",
        Availability::DoNotDisturb => "do-not-disturb",
        Availability::Invisible => "invisible",
    }
}

fn availability_named(name: &str) -> Availability {
    match name {
        "online" => Availability::Online,
        "away" => Availability::Away,
        "do-not-disturb" => Availability::DoNotDisturb,
        // What a later version writes is better hidden than shown.
        _ => Availability::Invisible,
    }
}
