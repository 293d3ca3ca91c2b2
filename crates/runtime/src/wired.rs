//! A service whose parts are joined, and what every service adds to it.

use loquat_proto::FILE_DESCRIPTOR_SET;
use loquat_rpc::{Served, Verifier};
use tonic::service::Routes;
use tonic_health::server::HealthReporter;

use crate::{Frame, Readiness};

/// A service ready to be served.
#[derive(Debug)]
pub struct Wired {
    /// What it answers.
    pub routes: Routes,
    /// What verifies its callers' tokens.
    pub verifier: Verifier,
    /// What must hold for it to do its work.
    pub readiness: Readiness,
}

impl Wired {
    /// Adds health and reflection, and puts the layers around.
    #[must_use]
    pub fn serve(self, package: &str, frame: &Frame) -> Served {
        let services = services_of(package);
        let (reporter, health) = tonic_health::server::health_reporter();
        let verifier = self.verifier.clone();
        let readiness = self.readiness.check("tokens", move || {
            let verifier = verifier.clone();
            async move { verifier.is_ready() }
        });
        Self::report(readiness, reporter, services.clone(), frame);
        let routes = self.routes.add_service(health).add_service(reflection(&services));
        Served::guarded(routes, self.verifier)
    }

    /// Keeps `grpc.health.v1` told of what holds, of the process and of each named service, until the process ends.
    pub fn report(readiness: Readiness, reporter: HealthReporter, services: Vec<String>, frame: &Frame) {
        frame.tasks.spawn(readiness.report(reporter, services, frame.clone()));
    }
}

fn services_of(package: &str) -> Vec<String> {
    let mut services: Vec<String> = loquat_proto::methods::METHODS
        .iter()
        .filter_map(|method| method.path.strip_prefix('/')?.split_once('/').map(|(service, _)| service.to_owned()))
        .filter(|service| service.starts_with(package))
        .collect();
    services.dedup();
    services
}

/// Makes the service `grpc.reflection.v1`, which lists the named services, health and itself, and describes the whole
/// contract.
///
/// # Panics
///
/// Where the generated descriptor set does not decode, which its generation has ruled out.
#[must_use]
pub fn reflection(
    services: &[String],
) -> tonic_reflection::server::v1::ServerReflectionServer<impl tonic_reflection::server::v1::ServerReflection + use<>> {
    let mut builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health")
        .with_service_name("grpc.reflection.v1.ServerReflection");
    for service in services {
        builder = builder.with_service_name(service);
    }
    builder.include_reflection_service(false).build_v1().expect("the generated descriptor set decodes")
}
