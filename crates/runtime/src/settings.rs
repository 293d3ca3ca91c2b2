//! Settings: defaults, then the file, then the environment, then flags; each later one wins.
//!
//! A setting is declared once, as a field of a `clap::Args` struct with a long flag and an environment variable. The file
//! (`--config`, TOML) names it by its flag with `_` for `-`. Every environment variable has a twin with `_FILE` that names a
//! file to read the value from, as secrets are mounted.

use std::{ffi::OsString, fs, net::SocketAddr, path::PathBuf, time::Duration};

mod judging;
mod peers;
mod strangers;

pub use peers::{MessagesAddresses, PeerSettings, PresenceAddresses, RoomsAddresses, UsersAddresses};

use clap::{
    Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand,
    error::{ContextKind, ContextValue},
};

use self::judging::{log_filter, otlp_endpoint};

/// The exit code of a process whose settings are wrong (`EX_USAGE` of sysexits.h).
pub const EXIT_WRONG_SETTING: u8 = 64;

/// A setting that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct SettingError {
    /// The setting, by the name of its environment variable.
    pub setting: String,
    /// What is wrong with it, and what it should be.
    pub problem: String,
}

impl SettingError {
    /// Says what is wrong with a setting.
    pub fn new(setting: impl Into<String>, problem: impl ToString) -> Self {
        Self { setting: setting.into(), problem: problem.to_string() }
    }
}

/// The settings that every process has.
#[derive(Args, Debug, Clone)]
pub struct ProcessSettings {
    /// File of settings, TOML: each by its flag's name with `_` for `-`.
    #[arg(long, env = "LOQUAT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address and port to listen on.
    #[arg(long, env = "LOQUAT_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// What is logged: a level (error, warn, info, debug, trace), or directives such as `info,loquat_messages=debug`.
    #[arg(long, env = "LOQUAT_LOG", default_value = "info", value_parser = log_filter, value_name = "DIRECTIVES")]
    pub log: String,

    /// How it is logged: lines for people, or JSON, an object a line.
    #[arg(long, env = "LOQUAT_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,

    /// Where spans go by OTLP over gRPC, without TLS: an address such as http://jaeger:4317. Nowhere without it.
    #[arg(long, env = "LOQUAT_OTLP_ENDPOINT", value_parser = otlp_endpoint, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// How long calls in hand may take after SIGTERM, in seconds, before they are cut.
    #[arg(long, env = "LOQUAT_SHUTDOWN_GRACE_SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=300), value_name = "SECONDS")]
    pub shutdown_grace_seconds: u16,

    /// Ask the process that listens where this one would whether it can do its work, and exit with 0 or 1.
    #[arg(long)]
    pub check_health: bool,
}

impl ProcessSettings {
    /// Returns how long calls in hand may take after SIGTERM.
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds.into())
    }
}

/// How logs are written.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// JSON, an object a line.
    Json,
}

/// Reads a process's settings from its flags, its environment and its file.
///
/// # Errors
///
/// A [`clap::Error`] whose text names the setting; of the kind `DisplayHelp` or `DisplayVersion` where that was asked for.
pub fn load<S: Args>(
    command: Command,
    default_listen: &'static str,
    arguments: Vec<OsString>,
) -> Result<(ProcessSettings, S), clap::Error> {
    load_from(command, default_listen, arguments, &environment)
}

/// Reads which command of a binary is asked for, and its settings from the same places. The file may hold those of other
/// commands too: they are judged where they are used.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn load_tool<T: Subcommand>(
    command: Command,
    word: &str,
    arguments: Vec<OsString>,
) -> Result<T, clap::Error> {
    load_tool_from(command, word, arguments, &environment)
}

fn load_tool_from<T: Subcommand>(
    mut command: Command,
    word: &str,
    arguments: Vec<OsString>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<T, clap::Error> {
    if let Some(tool) = command.find_subcommand(word).cloned() {
        let whole = format!("{} {word}", command.get_name());
        let config = Arg::new("config").long("config").env("LOQUAT_CONFIG").value_name("FILE").help(CONFIG_HELP);
        let tool = tool.bin_name(whole).arg(config).mut_args(|argument| argument.hide_env_values(true));
        let file = config_file(&tool, &arguments, environment);
        let tool = with_mounted_files(with_file(tool, file, Foreign::PassedOver)?, environment)?;
        command = command.mut_subcommand(word, |_| tool);
    }
    T::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)
}

const PLACES_HELP: &str = "Settings are read from defaults < file < environment < flags. Each variable LOQUAT_… has a twin \
                           LOQUAT_…_FILE that names a file to read the value from.";
const CONFIG_HELP: &str = "File of settings, TOML: each by its flag's name with `_` for `-`";

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
    std::env::var(name).ok()
}

/// Returns the names of the variables that look like settings and are none of a process's with these own settings, nor of
/// another's of ours.
pub(crate) fn strangers<S: Args>(command: Command) -> Vec<String> {
    let command = S::augment_args(ProcessSettings::augment_args(command));
    strangers::strangers(&command, std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
}

fn load_from<S: Args>(
    command: Command,
    default_listen: &'static str,
    arguments: Vec<OsString>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(ProcessSettings, S), clap::Error> {
    // The sentence about the command is its own, not that of a struct of its settings.
    let about = command.get_about().cloned().unwrap_or_default();
    let command = S::augment_args(ProcessSettings::augment_args(command))
        .about(about)
        .long_about(None)
        .after_help(PLACES_HELP)
        .mut_arg("listen", |argument| argument.required(false).default_value(default_listen))
        .mut_args(|argument| argument.hide_env_values(true));
    let file = config_file(&command, &arguments, environment);
    let command = with_file(command, file, Foreign::Refused)?;
    let mut command = with_mounted_files(command, environment)?;
    let matches: ArgMatches = command.try_get_matches_from_mut(arguments).map_err(without_secrets)?;
    let settings = (ProcessSettings::from_arg_matches(&matches)?, S::from_arg_matches(&matches)?);
    Ok(settings)
}

/// Finds the settings file before the settings are complete.
fn config_file(
    command: &Command,
    arguments: &[OsString],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<PathBuf> {
    let from_flag = arguments.iter().enumerate().find_map(|(index, argument)| match argument.to_str()? {
        "--config" => arguments.get(index + 1).map(PathBuf::from),
        text => text.strip_prefix("--config=").map(PathBuf::from),
    });
    debug_assert!(command.get_arguments().any(|argument| argument.get_id() == "config"), "the flag read here exists");
    from_flag.or_else(|| environment("LOQUAT_CONFIG").map(PathBuf::from))
}

/// What becomes of settings in the file that a command does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    Refused,
    PassedOver,
}

/// Takes the file's values as defaults, so that environment and flags win.
fn with_file(command: Command, file: Option<PathBuf>, foreign: Foreign) -> Result<Command, clap::Error> {
    let Some(path) = file else { return Ok(command) };
    let text = fs::read_to_string(&path)
        .map_err(|error| wrong(&command, "LOQUAT_CONFIG", &format!("{} cannot be read: {error}", path.display())))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| wrong(&command, "LOQUAT_CONFIG", &format!("{} is not TOML: {error}", path.display())))?;
    let mut command = command;
    for (key, value) in table {
        let is_setting = key != "config" && command.get_arguments().any(|argument| argument.get_id() == key.as_str());
        if !is_setting && foreign == Foreign::PassedOver {
            continue;
        }
        if !is_setting {
            return Err(wrong(&command, &key, &format!("there is no such setting (in {})", path.display())));
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            toml::Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(","),
            toml::Value::Datetime(_) | toml::Value::Table(_) => {
                return Err(wrong(&command, &key, "it must be a string, a number, a boolean or a list"));
            }
        };
        command = with_default(command, key, text);
    }
    Ok(command)
}

/// Reads what `…_FILE` variables name. A value and a file for the same setting contradict each other.
fn with_mounted_files(
    mut command: Command,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Command, clap::Error> {
    let named: Vec<(String, String)> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_id().to_string(), argument.get_env()?.to_str()?.to_owned())))
        .collect();
    for (id, variable) in named {
        let twin = format!("{variable}_FILE");
        let Some(path) = environment(&twin) else { continue };
        if environment(&variable).is_some() {
            return Err(wrong(&command, &twin, &format!("{variable} is set too: set one of them")));
        }
        let text = fs::read_to_string(&path)
            .map_err(|error| wrong(&command, &twin, &format!("{path} cannot be read: {error}")))?;
        command = with_default(command, id, text.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(command)
}

fn with_default(command: Command, id: String, text: String) -> Command {
    command.mut_arg(id, |argument: Arg| argument.required(false).hide_default_value(true).default_value(text))
}

/// A wrong value is not shown where it may hold a password, as a URL with a user does.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    if matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if value.contains('@')) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".to_owned()));
    }
    error
}

fn wrong(command: &Command, setting: &str, problem: &str) -> clap::Error {
    command.clone().error(clap::error::ErrorKind::InvalidValue, format!("{setting}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Args, Debug)]
    struct Some {
        /// A limit, in bytes.
        #[arg(long, env = "LOQUAT_FIRST_UNLIKELY_LIMIT_BYTES", default_value_t = 1)]
        limit_bytes: u32,
        /// A password.
        #[arg(long, env = "LOQUAT_FIRST_UNLIKELY_PASSWORD")]
        password: Option<crate::Secret>,
    }

    fn load(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(ProcessSettings, Some), clap::Error> {
        load_from(Command::new("some"), "127.0.0.1:1", words(arguments), &among(variables))
    }

    fn words(arguments: &[&str]) -> Vec<OsString> {
        std::iter::once("some").chain(arguments.iter().copied()).map(OsString::from).collect()
    }

    fn among(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[derive(Subcommand, Debug)]
    enum Tool {
        /// Copies.
        Copy(Some),
    }

    fn load_tool(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Some, clap::Error> {
        let command = Tool::augment_subcommands(Command::new("some")).subcommand_required(true);
        let Tool::Copy(some) = load_tool_from(command, arguments[0], words(arguments), &among(variables))?;
        Ok(some)
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), text).expect("it is written");
        file
    }

    #[test]
    fn the_file_beats_the_default_and_flags_beat_the_file() {
        let settings = file("limit_bytes = 7\nlisten = \"127.0.0.1:9\"\n");
        let path = settings.path().to_str().expect("a path in UTF-8");
        let (process, some) = load(&["--config", path], &[]).expect("good settings");
        assert_eq!((some.limit_bytes, process.listen.port()), (7, 9));
        let (_, some) = load(&["--limit-bytes=8"], &[("LOQUAT_CONFIG", path)]).expect("good settings");
        assert_eq!(some.limit_bytes, 8);
    }

    #[test]
    fn a_secret_is_read_from_the_file_that_its_variable_names() {
        let mounted = file("hush\n");
        let path = mounted.path().to_str().expect("a path in UTF-8");
        let (_, some) = load(&[], &[("LOQUAT_FIRST_UNLIKELY_PASSWORD_FILE", path)]).expect("good settings");
        assert_eq!(some.password.expect("it is set").reveal(), "hush");
    }

    #[test]
    fn a_command_reads_its_settings_from_the_same_places_and_passes_over_others_in_the_file() {
        let (settings, mounted) = (file("limit_bytes = 7\nlisten = \"127.0.0.1:9\"\n"), file("hush\n"));
        let path = |file: &tempfile::NamedTempFile| file.path().to_str().expect("a path in UTF-8").to_owned();
        let (settings, mounted) = (path(&settings), path(&mounted));
        let variables = [
            ("LOQUAT_CONFIG", settings.as_str()),
            ("LOQUAT_FIRST_UNLIKELY_PASSWORD_FILE", mounted.as_str()),
            ("LOQUAT_LISTEN", "nowhere"),
        ];
        let some = load_tool(&["copy"], &variables).expect("good settings");
        assert_eq!((some.limit_bytes, some.password.expect("it is set").reveal()), (7, "hush"));
        let some = load_tool(&["copy", "--limit-bytes=8"], &variables).expect("good settings");
        assert_eq!(some.limit_bytes, 8);
        for (arguments, name) in [(["copy", "--limit-bytes=many"], "--limit-bytes"), (["copy", "--listen"], "--listen")]
        {
            let error = load_tool(&arguments, &[]).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let unknown = file("limit_byte = 7\n");
        let path = unknown.path().to_str().expect("a path in UTF-8");
        let cases = [
            (vec!["--config", path], "limit_byte"),
            (vec!["--limit-bytes", "many"], "--limit-bytes"),
            (vec!["--listen", "nowhere"], "--listen"),
            (vec!["--log", "loquat=loud"], "--log"),
            (vec!["--unheard-of"], "--unheard-of"),
        ];
        for (arguments, name) in cases {
            let error = load(&arguments, &[]).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
