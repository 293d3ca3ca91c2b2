//! Health and reflection, as operators ask for them.

use std::collections::BTreeSet;

use loquat_proto::{FILE_DESCRIPTOR_SET, methods::METHODS};
use loquat_testkit::{Gateway, House, ReservedPort, in_both_shapes, refused};
use prost_reflect::DescriptorPool;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// What `crates/rpc` asks of the descriptors that are built in, asked here of those that are served.
#[path = "../../../crates/rpc/tests/descriptor/rules.rs"]
mod rules;

in_both_shapes! { shared:
    reflection_lists_the_packages_health_and_itself_and_describes_each,
    what_reflection_serves_has_a_rule_and_a_comment_for_each_method_and_a_limit_for_each_field,
    an_unknown_file_or_symbol_is_told_by_reflection_itself,
    health_is_told_of_the_whole_and_of_each_service,
    every_binary_asks_after_its_own_health,
}

async fn reflection_lists_the_packages_health_and_itself_and_describes_each(house: &House) {
    let gateway = house.gateway(1);
    let MessageResponse::ListServicesResponse(list) = ask(&gateway, MessageRequest::ListServices(String::new())).await
    else {
        panic!("a list of services")
    };
    let listed: BTreeSet<String> = list.service.into_iter().map(|service| service.name).collect();
    for package in ["users", "rooms", "messages", "presence", "events"] {
        assert!(
            listed.iter().any(|name| name.starts_with(&format!("loquat.{package}.v1."))),
            "{package} in {listed:?}"
        );
    }
    for name in ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        assert!(listed.contains(name), "{name} in {listed:?}");
    }
    for name in listed {
        let answer = ask(&gateway, MessageRequest::FileContainingSymbol(name.clone())).await;
        assert!(matches!(answer, MessageResponse::FileDescriptorResponse(_)), "{name}: {answer:?}");
    }
}

async fn what_reflection_serves_has_a_rule_and_a_comment_for_each_method_and_a_limit_for_each_field(house: &House) {
    for (way, name, _) in ways(house) {
        let served = served_pool(&way).await;
        // Reflection may not serve less than there is.
        let built_in = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract decodes");
        let names = |pool: &DescriptorPool| -> BTreeSet<String> {
            pool.files().map(|file| file.name().to_owned()).filter(|name| name.starts_with("loquat/")).collect()
        };
        assert_eq!(names(&served), names(&built_in), "{name}");
        for (rule, lacking) in [
            ("a rule and a repeat class", rules::methods_without_a_rule_or_a_repeat_class(&served)),
            ("a limit", rules::fields_without_a_limit(&served)),
            ("a comment", rules::elements_without_a_comment(&served)),
            ("its room as field 1", rules::rooms_that_are_not_field_1(&served)),
            ("an unspecified value", rules::enums_without_an_unspecified_value(&served)),
            ("a service", rules::packages_without_a_service(&served)),
        ] {
            assert!(lacking.is_empty(), "{name} serves by reflection without {rule}: {lacking:?}");
        }
    }
}

/// All files that a server has, each asked for by its name, after those that it stands on.
async fn served_pool(way: &Gateway) -> DescriptorPool {
    let mut wanted: Vec<String> = vec!["google/protobuf/descriptor.proto".to_owned()];
    let built_in = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the contract decodes");
    wanted.extend(built_in.files().map(|file| file.name().to_owned()));
    let mut pool = DescriptorPool::new();
    for name in wanted {
        add_file(way, &mut pool, name).await;
    }
    pool
}

/// Asks for a file and, before it is added, for those that it imports.
async fn add_file(way: &Gateway, pool: &mut DescriptorPool, name: String) {
    let mut waiting = vec![name];
    while let Some(name) = waiting.last().cloned() {
        if pool.get_file_by_name(&name).is_some() {
            waiting.pop();
            continue;
        }
        let answer = ask(way, MessageRequest::FileByFilename(name.clone())).await;
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{name}: {answer:?}") };
        let [bytes] = &files.file_descriptor_proto[..] else { panic!("{name}: one file") };
        let file =
            <prost_types::FileDescriptorProto as prost::Message>::decode(&bytes[..]).expect("a file's description");
        let imports = file.dependency.into_iter().filter(|import| pool.get_file_by_name(import).is_none());
        let imports: Vec<String> = imports.collect();
        if imports.is_empty() {
            // The bytes, not what was read of them: prost passes over the options of ours.
            pool.decode_file_descriptor_proto(&bytes[..]).unwrap_or_else(|error| panic!("{name}: {error}"));
            waiting.pop();
        } else {
            waiting.extend(imports);
        }
    }
}

async fn an_unknown_file_or_symbol_is_told_by_reflection_itself(house: &House) {
    for question in [
        MessageRequest::FileByFilename("nothing.proto".into()),
        MessageRequest::FileContainingSymbol("no.such.Symbol".into()),
    ] {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let mut answers = house
            .gateway(1)
            .reflection()
            .server_reflection_info(tokio_stream::once(request))
            .await
            .expect("it is open")
            .into_inner();
        let refusal = answers.message().await.expect_err("there is none");
        assert_eq!(refusal.code(), Code::NotFound, "{refusal:?}");
    }
}

async fn ask(gateway: &Gateway, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let answers = gateway.reflection().server_reflection_info(tokio_stream::once(request)).await;
    let answer = answers.expect("reflection is open").into_inner().message().await.expect("an answer");
    answer.and_then(|answer| answer.message_response).expect("an answer")
}

async fn health_is_told_of_the_whole_and_of_each_service(house: &House) {
    for (way, name, package) in ways(house) {
        let services = METHODS.iter().filter_map(|method| method.path[1..].split('/').next());
        let own: BTreeSet<&str> = services.filter(|name| !package.is_empty() && name.starts_with(&package)).collect();
        for service in own.into_iter().chain([""]) {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = way.health().check(request).await.expect("health is open").into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
        }
        let unknown = refused(way.health().check(HealthCheckRequest { service: "no.such.Service".into() }).await);
        assert_eq!(unknown.told(), (Code::NotFound, "grpc.health.v1", "SERVICE_UNKNOWN"), "{name}");
        assert!(unknown.text.contains("service"), "{unknown:?}");
    }
}

/// A way to each member that answers calls, with its name and the package whose services are its own.
fn ways(house: &House) -> Vec<(Gateway, String, String)> {
    let members = house.members().iter().map(|member| match member.service {
        "gateway" | "standalone" => {
            (Gateway::at(member.address.expect("it listens")), member.name.clone(), String::new())
        }
        service => (house.service(&member.name, "gateway"), member.name.clone(), format!("loquat.{service}.v1.")),
    });
    members.collect()
}

async fn every_binary_asks_after_its_own_health(house: &House) {
    let nobody = ReservedPort::take().expect("a free port").address();
    for member in house.members() {
        let check = |address: std::net::SocketAddr| {
            let mut command = member.recipe.command();
            command.arg("--check-health").env("LOQUAT_LISTEN", address.to_string());
            async move { tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").expect("it runs") }
        };
        let well = check(member.address.expect("it listens")).await;
        assert_eq!(well.status.code(), Some(0), "{}: {}", member.name, String::from_utf8_lossy(&well.stderr));
        let ill = check(nobody).await;
        assert_eq!(ill.status.code(), Some(1), "{}: {}", member.name, String::from_utf8_lossy(&ill.stderr));
    }
}
