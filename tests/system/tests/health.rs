//! Health and reflection, as operators ask for them.

use std::collections::BTreeSet;

use loquat_proto::methods::METHODS;
use loquat_testkit::{Gateway, House, ReservedPort, in_both_shapes};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

in_both_shapes! { shared:
    reflection_lists_the_packages_health_and_itself_and_describes_each,
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

async fn ask(gateway: &Gateway, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let answers = gateway.reflection().server_reflection_info(tokio_stream::once(request)).await;
    let answer = answers.expect("reflection is open").into_inner().message().await.expect("an answer");
    answer.and_then(|answer| answer.message_response).expect("an answer")
}

async fn health_is_told_of_the_whole_and_of_each_service(house: &House) {
    let ways: Vec<(Gateway, String)> = house
        .members()
        .iter()
        .map(|member| match member.service {
            "gateway" | "standalone" => (Gateway::at(member.address.expect("it listens")), String::new()),
            service => (house.service(&member.name, "gateway"), format!("loquat.{service}.v1.")),
        })
        .collect();
    for (way, package) in ways {
        let services = METHODS.iter().filter_map(|method| method.path[1..].split('/').next());
        let own: BTreeSet<&str> = services.filter(|name| !package.is_empty() && name.starts_with(&package)).collect();
        for service in own.into_iter().chain([""]) {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = way.health().check(request).await.expect("health is open").into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
        }
        let unknown = way.health().check(HealthCheckRequest { service: "no.such.Service".into() }).await;
        assert_eq!(unknown.expect_err("there is none").code(), tonic::Code::NotFound);
    }
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
