//! The containers of `deploy/compose.yaml` as plain processes: the same binaries with the same words and variables, in the same
//! order, judged by the same health checks, so that what drifts apart fails here. Only where others are is put in anew.

mod file;
mod ground;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use loquat_proto::presence::v1::Availability;
use loquat_testkit::{Backends, Gateway, Member, Person, Recipe, binary, eventually};

use crate::traces::receiver::Receiver;
use file::{ComposeFile, Container};
use ground::Ground;

/// How long a container may take to be healthy.
const START: Duration = Duration::from_secs(60);
const TEST: &str = "people_talk_through_the_processes_of_the_compose_file";

#[tokio::test]
async fn people_talk_through_the_processes_of_the_compose_file() {
    if let Err(missing) = Backends::of_environment() {
        eprintln!("SKIPPED {TEST}: no {missing}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let compose = ComposeFile::read();
    let jaeger = Receiver::listen().await;
    let credentials = folder.path().join("credentials");
    let ground = Ground::laid(&compose, &jaeger, &credentials).await;
    let mut running: Vec<Member> = Vec::new();
    for container in compose.ours_in_order() {
        let mut member = member(container, &ground, folder.path());
        member.start().unwrap_or_else(|error| panic!("{}: {error:#}", container.name));
        await_health(container, &mut member).await;
        running.push(member);
    }
    let names: Vec<&str> = running.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names.len(), 6, "users, rooms, two of messages, presence, the gateway: {names:?}");

    two_people_talk(&Gateway::at(ground.page())).await;
    for service in ["users", "rooms", "messages", "presence", "gateway"] {
        eventually(&format!("spans of {service} come"), Duration::from_secs(20), || async {
            let services = jaeger.services();
            if services.contains(&format!("loquat-{service}")) { Ok(()) } else { Err(format!("{services:?}")) }
        })
        .await;
    }
}

/// The process of a container.
fn member(container: &Container, ground: &Ground, folder: &Path) -> Member {
    let [program, words @ ..] = container.command() else { panic!("{}: a command", container.name) };
    let wrapper = match words {
        [] => Vec::new(),
        words => vec!["sh".to_owned(), "-c".to_owned(), format!("exec \"$0\" {}", words.join(" "))],
    };
    let environment = ground.environment_of(container);
    let recipe = Recipe { program: binary(program).expect("it is built"), wrapper, environment };
    let mut member = Member::new(&container.name, container.service(), recipe, folder);
    member.address = Some(ground.address_of(container));
    member
}

/// Asks as the container engine does, with the words of the compose file.
async fn await_health(container: &Container, member: &mut Member) {
    let [kind, program, words @ ..] = container.health_check() else { panic!("{}: a health check", container.name) };
    assert_eq!(kind, "CMD", "{}: its health check", container.name);
    let program = binary(program).expect("it is built");
    let (environment, words) = (member.recipe.environment.clone(), words.to_vec());
    eventually(&format!("{} is healthy", container.name), START, || {
        let ended = (!member.is_running()).then(|| member.log_tail());
        if let Some(log) = ended {
            panic!("{} has ended: {log}", container.name);
        }
        let recipe = Recipe { program: program.clone(), wrapper: Vec::new(), environment: environment.clone() };
        let mut check = recipe.command();
        check.args(&words);
        let log = member.log_tail();
        async move {
            let output = tokio::task::spawn_blocking(move || check.output()).await.expect("it runs").expect("it runs");
            if output.status.success() { Ok(()) } else { Err(format!("{}\n{log}", said(&output))) }
        }
    })
    .await;
}

async fn two_people_talk(gateway: &Gateway) {
    let (ann, ben) = (Person::register(gateway, "ann").await, Person::register(gateway, "ben").await);
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    let mut at_ann = ann.subscribe(ann.interest_in(&[room]).await).await;
    let mut at_ben = ben.subscribe(ben.interest_in(&[room]).await).await;
    let asked = ann.say(room, "Is it on?").await;
    at_ben.until_seq(room, asked.seq).await;
    let answered = ben.say(room, "It is.").await;
    at_ann.until_seq(room, answered.seq).await;
    at_ben.until_seq(room, answered.seq).await;
    assert_eq!(
        (at_ann.texts_of(room), at_ben.texts_of(room)),
        (vec!["Is it on?".into(), "It is.".into()], at_ann.texts_of(room))
    );
    let texts: Vec<String> = ben.all_messages(room).await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["Is it on?", "It is."]);
    eventually("ann sees that ben is there", Duration::from_secs(10), || async {
        let seen = ann.presence_of(ben.user).await.map_err(|status| status.to_string())?;
        if seen.availability() == Availability::Online { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
}

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes another text into a file that is there, and that nobody may write to.
fn rewrite(path: &Path, text: &str) {
    fs::remove_file(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fs::write(path, text).expect("it is written");
}
