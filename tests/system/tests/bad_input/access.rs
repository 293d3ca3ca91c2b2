//! The rule of each method, read from the contract, and what it makes of callers.

use loquat_proto::{
    authorization::v1::Access,
    methods::{METHODS, Method},
};
use loquat_testkit::{House, frame, in_both_shapes};
use tonic::Code;

in_both_shapes! { shared:
    every_method_without_a_token_is_answered_by_its_rule,
    a_method_for_services_looks_to_users_like_none,
}

async fn every_method_without_a_token_is_answered_by_its_rule(house: &House) {
    let mut problems = Vec::new();
    for method in METHODS {
        let refusal = house.gateway(1).raw(method.path, &[], frame(b"")).await.refusal();
        let expected = match method.access {
            Access::Public => {
                if matches!(refusal.code, Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented)
                    && refusal.reason != "REFRESH_TOKEN_INVALID"
                {
                    problems.push(format!("{}: {refusal:?}", method.path));
                }
                continue;
            }
            Access::User | Access::Room | Access::OwnObject => (Code::Unauthenticated, "TOKEN_MISSING"),
            Access::Service => (Code::Unimplemented, "UNKNOWN_METHOD"),
            Access::Admin | Access::Unspecified => (Code::PermissionDenied, "ACCESS_DENIED"),
        };
        if refusal.because() != expected {
            problems.push(format!("{}: wants {expected:?}, is {refusal:?}", method.path));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

async fn a_method_for_services_looks_to_users_like_none(house: &House) {
    let ann = house.person("ann").await;
    let bearer = ann.bearer();
    let services: Vec<&Method> = METHODS.iter().filter(|method| method.access == Access::Service).collect();
    assert!(services.len() >= 5, "{services:?}");
    for method in services {
        let unknown = format!("{}X", method.path);
        for headers in [vec![], vec![("authorization", bearer.as_str())], vec![("authorization", "Bearer forged")]] {
            let seen = house.gateway(0).raw(method.path, &headers, frame(b"")).await.refusal();
            let mut none = house.gateway(0).raw(&unknown, &headers, frame(b"")).await.refusal();
            none.text = none.text.replace(&unknown, method.path);
            assert_eq!(seen, none);
            assert_eq!(seen.because(), (Code::Unimplemented, "UNKNOWN_METHOD"));
        }
    }
}
