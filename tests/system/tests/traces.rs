//! One trace, from the sender's call to the reader's stream.

use std::time::Duration;

use loquat_testkit::{Plan, Shape, eventually, house_of_its_own};
use tokio::time::timeout;

mod receiver;

use receiver::Receiver;

mod embedded {
    #[tokio::test]
    async fn one_trace_runs_from_the_senders_call_to_the_readers_stream() {
        super::one_trace_runs_from_the_senders_call_to_the_readers_stream(super::Shape::Embedded).await;
    }
}

mod distributed {
    #[tokio::test]
    async fn one_trace_runs_from_the_senders_call_to_the_readers_stream() {
        super::one_trace_runs_from_the_senders_call_to_the_readers_stream(super::Shape::Distributed).await;
    }
}

const SEND: &str = "loquat.messages.v1.MessageService/SendMessage";

async fn one_trace_runs_from_the_senders_call_to_the_readers_stream(shape: Shape) {
    let receiver = Receiver::listen().await;
    let plan = Plan::of(shape)
        .with("LOQUAT_OTLP_ENDPOINT", receiver.endpoint())
        // Of the exporter itself: soon, for a test.
        .with("OTEL_BSP_SCHEDULE_DELAY", 100);
    let Some(house) = house_of_its_own(plan, "one_trace_runs_from_the_senders_call_to_the_readers_stream").await else {
        return;
    };
    let (ann, ben) = (house.person("ann").await, house.person("ben").await.at(&house.gateway(1)));
    let room = ann.public_room("a room").await;
    ben.join(room).await.expect("it is public");
    let mut stream = ben.subscribe(ben.interest_in(&[room]).await).await;
    let fence = ann.say(room, "he watches").await;
    stream.until_seq(room, fence.seq).await;

    let (trace, sender) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let mut request = ann.ask(loquat_proto::messages::v1::SendMessageRequest {
        room_id: room.to_string(),
        request_id: "a-traced-request".into(),
        text: "a traced message".into(),
    });
    let header = format!("00-{trace}-{sender}-01").parse().expect("ASCII");
    request.metadata_mut().insert("traceparent", header);
    let sent = ann.gateway.messages().send_message(request).await.expect("a send").into_inner();
    let seq = sent.message.expect("the message that was sent").seq;
    let reading = timeout(Duration::from_secs(10), stream.until_seq(room, seq)).await.expect("it comes");
    let event = reading.iter().find(|event| event.seq == seq).expect("the event");
    let context = event.trace_context.clone().expect("the envelope carries the trace");
    assert!(context.traceparent.contains(trace), "{context:?}");

    let spans = eventually("the trace is whole", Duration::from_secs(15), || async {
        let spans = receiver.trace(trace);
        match spans.chain_to("deliver", sender) {
            Ok(_) => Ok(spans),
            Err(problem) => Err(format!("{problem}\n{spans}")),
        }
    })
    .await;
    let delivered = spans.chain_to("deliver", sender).expect("it was whole just now");
    // From the sender down, as each span is the parent of the next.
    let serves = |service: &str| {
        format!("loquat-{}|server|{SEND}", if shape == Shape::Embedded { "standalone" } else { service })
    };
    let calls = |service: &str| {
        format!("loquat-{}|client|{SEND}", if shape == Shape::Embedded { "standalone" } else { service })
    };
    let wanted = [serves("gateway"), calls("gateway"), serves("messages")];
    assert_eq!(delivered[..3], wanted, "the first spans of {delivered:#?} in\n{spans}");
    // The message is written under the service's span, published from there, fanned out, and delivered.
    for (name, above) in
        [("store", "SendMessage"), ("publish", "SendMessage"), ("fan out", "publish"), ("deliver", "SendMessage")]
    {
        let chains = spans.chains_to(name, sender);
        let stands = chains.iter().any(|chain| {
            chain[..3] == wanted
                && chain[..chain.len() - 1]
                    .iter()
                    .any(|span| span.ends_with(above) || span.contains(&format!("|{above}")))
        });
        assert!(stands, "`{name}` under `{above}`: {chains:#?} in\n{spans}");
    }
}
