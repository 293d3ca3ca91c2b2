//! A process from its start to its end.

use std::{ffi::OsString, future::Future, io, process::ExitCode, time::Duration};

use clap::{Args, Command};
use loquat_rpc::{HttpLimits, Listener, Served, tls::PeerTls};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::{
    Frame, ProcessSettings, SettingError,
    probe::probe,
    settings::{self, EXIT_WRONG_SETTING},
    telemetry::Telemetry,
};

/// How long background tasks may take to end after the last call. With the grace's default of 5 s for calls and 1 s for the
/// last spans a process is gone within 10 s of SIGTERM.
const TASKS_DEADLINE: Duration = Duration::from_secs(2);
/// How long the last spans may take to be sent.
const FLUSH_DEADLINE: Duration = Duration::from_secs(1);

/// Something that runs as a process.
pub trait App {
    /// The service's name, such as `rooms`.
    const NAME: &'static str;
    /// The binary's name, such as `loquat-rooms`.
    const BINARY: &'static str;
    /// What `--help` says of it.
    const ABOUT: &'static str;
    /// Where it listens unless it is told otherwise.
    const LISTEN: &'static str;
    /// Its own settings.
    type Settings: Args + Send + Sync;

    /// Reads the certificates of a process that only our own may connect to. Nothing for one that clients connect to.
    ///
    /// # Errors
    ///
    /// Names the setting that is wrong.
    fn tls(settings: &Self::Settings) -> Result<Option<PeerTls>, SettingError>;

    /// Joins the parts. Nothing listens yet.
    fn wire(settings: Self::Settings, frame: &Frame) -> impl Future<Output = anyhow::Result<Process>> + Send;
}

/// What a process serves.
#[derive(Debug)]
pub struct Process {
    /// What answers.
    pub served: Served,
    /// What a connection may take.
    pub limits: HttpLimits,
    /// What is printed to standard output once the port answers, such as the page's address. `{address}` stands for the
    /// bound address.
    pub greeting: Option<String>,
}

impl Process {
    /// Serves with what is given, under the usual limits.
    #[must_use]
    pub fn new(served: Served) -> Self {
        Self { served, limits: HttpLimits::default(), greeting: None }
    }
}

/// Runs a process to its end. The exit code is 64 where a setting is wrong, 1 where the process could not go on.
#[must_use]
pub fn run<A: App>() -> ExitCode {
    run_command::<A>(command::<A>(), std::env::args_os().collect())
}

pub(crate) fn command<A: App>() -> Command {
    Command::new(A::BINARY).about(A::ABOUT).version(env!("CARGO_PKG_VERSION"))
}

pub(crate) fn run_command<A: App>(command: Command, arguments: Vec<OsString>) -> ExitCode {
    let strangers = settings::strangers::<A::Settings>(command.clone());
    let (settings, own) = match settings::load::<A::Settings>(command, A::LISTEN, arguments) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    let executor = match tokio::runtime::Runtime::new() {
        Ok(executor) => executor,
        Err(error) => return fail(&anyhow::Error::new(error)),
    };
    match executor.block_on(live::<A>(settings, own, &strangers)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Tells of settings that could not be read; asked for help, gives it.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    if let Err(unwritable) = error.print() {
        tracing::debug!(%unwritable, "nobody reads");
    }
    if error.use_stderr() { ExitCode::from(EXIT_WRONG_SETTING) } else { ExitCode::SUCCESS }
}

pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    if error.chain().any(|cause| cause.is::<SettingError>()) {
        return ExitCode::from(EXIT_WRONG_SETTING);
    }
    ExitCode::FAILURE
}

async fn live<A: App>(settings: ProcessSettings, own: A::Settings, strangers: &[String]) -> anyhow::Result<()> {
    if settings.check_health {
        return probe(A::NAME, settings.listen, A::tls(&own)?.as_ref()).await;
    }
    let telemetry = Telemetry::start(A::NAME, &settings)?;
    for name in strangers {
        tracing::warn!("{name} is no setting of this process: is it misspelt?");
    }
    let frame = Frame::real();
    let outcome = serve::<A>(&settings, own, &frame).await;
    frame.stop.cancel();
    frame.tasks.close();
    if timeout(TASKS_DEADLINE, frame.tasks.wait()).await.is_err() {
        tracing::warn!(tasks = frame.tasks.len(), "background tasks did not end in time");
    }
    let flush = tokio::task::spawn_blocking(|| telemetry.end());
    if timeout(FLUSH_DEADLINE, flush).await.is_err() {
        tracing::debug!("the last spans were not sent in time");
    }
    outcome
}

async fn serve<A: App>(settings: &ProcessSettings, own: A::Settings, frame: &Frame) -> anyhow::Result<()> {
    let tls = A::tls(&own)?;
    let process = A::wire(own, frame).await?;
    let tls = tls.map(|tls| tls.server());
    let listener = Listener::bind(settings.listen, tls, process.limits)
        .map_err(|error| SettingError::new("LOQUAT_LISTEN", format!("{}: {error}", settings.listen)))?;
    let address = listener.local_address()?;
    tracing::info!(%address, service = A::NAME, version = env!("CARGO_PKG_VERSION"), "listening");
    if let Some(greeting) = &process.greeting {
        println!(
            "{}",
            greeting.replace("{address}", &address.to_string()).replace("{port}", &address.port().to_string())
        );
    }
    let told = frame.stop.clone();
    let signals = frame.tasks.spawn(async move {
        told.run_until_cancelled(asked_to_end()).await;
        told.cancel();
    });
    listener.serve(process.served, frame.stop.clone(), settings.shutdown_grace()).await;
    signals.await?;
    tracing::info!("ended");
    Ok(())
}

async fn asked_to_end() {
    let waits = || -> io::Result<_> { Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)) };
    match waits() {
        Ok((mut terminate, mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("SIGTERM: ending"),
                _ = interrupt.recv() => tracing::info!("SIGINT: ending"),
            }
        }
        Err(error) => {
            tracing::warn!(%error, "signals cannot be heard: only SIGKILL ends this process");
            std::future::pending().await
        }
    }
}
