//! Tokens that nobody issued.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use loquat_proto::users::v1::GetKeySetRequest;
use loquat_testkit::{House, frame, in_both_shapes};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use tonic::Code;

use super::Witness;

in_both_shapes! { shared:
    a_token_that_nobody_issued_is_refused_by_the_gateway_and_behind_it,
}

async fn a_token_that_nobody_issued_is_refused_by_the_gateway_and_behind_it(house: &House) {
    let witness = Witness::of(house).await;
    let eve = house.person("eve").await;
    let ann = &witness.ann;
    let parts: Vec<&str> = ann.access_token.split('.').collect();
    let [head, claims, signature] = parts[..] else { panic!("a JWT has three parts") };
    let head_json = read(head);
    assert_eq!(head_json["alg"], "EdDSA");
    let set = ann.gateway.auth().get_key_set(GetKeySetRequest {}).await.expect("it is public").into_inner();
    let kid = head_json["kid"].as_str().expect("a key id");
    let key = set.keys.iter().find(|key| key.key_id == kid).expect("the key is published");

    let mut as_ann = read(eve.access_token.split('.').nth(1).expect("claims"));
    as_ann["sub"] = json!(ann.user.to_string());
    let mut later = read(claims);
    later["exp"] = json!(4_102_444_800_i64);
    let mut elsewhere = read(claims);
    elsewhere["aud"] = json!("somebody else");
    let eves_signature = eve.access_token.split('.').nth(2).expect("a signature");
    let none = write(&json!({"alg": "none", "typ": "JWT"}));
    let none_with_key = write(&json!({"alg": "none", "typ": "JWT", "kid": kid}));
    let symmetric = write(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}));
    let unknown_key = write(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "made-up"}));
    let signed = |input: String| {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&key.ed25519).expect("any key will do");
        hmac.update(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(hmac.finalize().into_bytes()))
    };
    let forged = [
        ("no algorithm, no signature", format!("{none}.{claims}.")),
        ("no algorithm, with the key's name", format!("{none_with_key}.{claims}.{signature}")),
        ("the public key as a secret", signed(format!("{symmetric}.{claims}"))),
        ("another's claims", format!("{head}.{}.{eves_signature}", write(&as_ann))),
        ("a later end", format!("{head}.{}.{signature}", write(&later))),
        ("another audience", format!("{head}.{}.{signature}", write(&elsewhere))),
        ("a key that does not exist", format!("{unknown_key}.{claims}.{signature}")),
        ("a signature of zeros", format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("a signature that is cut", format!("{head}.{claims}.{}", &signature[..40])),
        ("two parts", format!("{head}.{claims}")),
        ("the refresh token", ann.refresh_token.clone()),
        ("no token at all", "x".repeat(3_000)),
    ];
    let ways = [house.gateway(0), house.gateway(1), house.messages_node(0)];
    let request = prost::Message::encode_to_vec(&loquat_proto::messages::v1::SendMessageRequest {
        room_id: witness.room.to_string(),
        request_id: "a-forged-request".into(),
        text: "forged".into(),
    });
    for (what, token) in forged {
        let bearer = format!("Bearer {token}");
        for way in &ways {
            let answer = way
                .raw("/loquat.messages.v1.MessageService/SendMessage", &[("authorization", &bearer)], frame(&request))
                .await;
            let told = (Code::Unauthenticated, "loquat.authorization.v1", "TOKEN_INVALID");
            assert_eq!(answer.refusal().told(), told, "{what}: {answer:?}");
        }
        let subscribe = "/loquat.events.v1.EventService/Subscribe";
        let stream = ways[0].raw(subscribe, &[("authorization", &bearer)], frame(b"")).await;
        assert_eq!(stream.refusal().because(), (Code::Unauthenticated, "TOKEN_INVALID"), "{what}");
    }
    for scheme in ["Basic", "bearer:", ""] {
        let header = format!("{scheme} {}", ann.access_token);
        let answer = ways[0]
            .raw("/loquat.messages.v1.MessageService/SendMessage", &[("authorization", header.trim())], frame(&request))
            .await;
        assert_eq!(answer.refusal().because(), (Code::Unauthenticated, "TOKEN_MISSING"), "{scheme}: {answer:?}");
    }
    witness.assert_nothing_was_stored().await;
}

fn read(part: &str) -> Json {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn write(part: &Json) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}
