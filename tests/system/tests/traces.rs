//! One trace, from the sender's call to the reader's stream.

use std::{future::Future, time::Duration};

use loquat_ids::RoomId;
use loquat_proto::messages::v1::SendMessageRequest;
use loquat_testkit::{House, Person, Plan, Shape, house_of_its_own};
use tokio::time::{Instant, sleep, timeout};

pub(crate) mod receiver;

use receiver::{Receiver, Trace};

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

const TRIES: usize = 5;
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

    // Who finds the event in the log before the bus tells of it is right to show it, and its trace is another: so the bus has
    // several tries, of which it must win one.
    let mut problems = Vec::new();
    for number in 0..TRIES {
        let traced =
            Traced { trace: format!("0af7651916cd43dd8448eb211c8031{number:02x}"), sender: "b7ad6b7169203331".into() };
        let seq = traced.send(&ann, room).await;
        let reading = timeout(Duration::from_secs(10), stream.until_seq(room, seq)).await.expect("it comes");
        let event = reading.iter().find(|event| event.seq == seq).expect("the event");
        let context = event.trace_context.clone().expect("the envelope carries the trace");
        assert!(context.traceparent.contains(&traced.trace), "{context:?}");
        let judged = || async { traced.judge(&receiver.trace(&traced.trace), &house) };
        match patiently(judged).await {
            Ok(()) => return,
            Err(problem) => problems.push(problem),
        }
    }
    panic!("no trace ran through the bus:\n{}", problems.join("\n"));
}

/// Looks again for as long as spans may be on their way.
async fn patiently<F: Future<Output = Result<(), String>>>(look: impl Fn() -> F) -> Result<(), String> {
    let by = Instant::now() + Duration::from_secs(10);
    loop {
        let outcome = look().await;
        if outcome.is_ok() || Instant::now() >= by {
            return outcome;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// A message that is sent as part of a trace that began with its sender.
struct Traced {
    trace: String,
    sender: String,
}

impl Traced {
    async fn send(&self, ann: &Person, room: RoomId) -> u64 {
        let mut request = ann.ask(SendMessageRequest {
            room_id: room.to_string(),
            request_id: format!("a-request-{}", self.trace),
            text: "a traced message".into(),
        });
        let header = format!("00-{}-{}-01", self.trace, self.sender).parse().expect("ASCII");
        request.metadata_mut().insert("traceparent", header);
        let sent = ann.gateway.messages().send_message(request).await.expect("a send").into_inner();
        sent.message.expect("the message that was sent").seq
    }

    /// Says what a trace lacks of one that leads through gateway, service and store, and by the bus to the reader's gateway.
    fn judge(&self, spans: &Trace, house: &House) -> Result<(), String> {
        let by = |service: &str, what: &str| {
            format!("loquat-{}|{what}", if house.is_embedded() { "standalone" } else { service })
        };
        // From the sender down, as each span is the parent of the next.
        let sent = [
            by("gateway", &format!("server|{SEND}")),
            by("gateway", &format!("client|{SEND}")),
            by("messages", &format!("server|{SEND}")),
        ];
        let published = by("messages", "producer|publish");
        let told = |last: &str| [&sent[..], &[published.clone(), by("gateway", &format!("consumer|{last}"))]].concat();
        // What stands between is the service's own.
        let leads = |chain: &[String], wanted: &[String]| {
            chain[..3] == wanted[..3] && chain[chain.len() - (wanted.len() - 3)..] == wanted[3..]
        };
        let written = [&sent[..], &[by("messages", "internal|store")]].concat();
        for (name, wanted) in [("store", written), ("fan out", told("fan out")), ("deliver", told("deliver"))] {
            let chains = spans.chains_to(name, &self.sender);
            if !chains.iter().any(|chain| chain.len() >= wanted.len() && leads(chain, &wanted)) {
                return Err(format!("`{name}` by {wanted:#?}: there are {chains:#?} in\n{spans}"));
            }
        }
        let reader = house.member(house.gateway_names()[if house.is_embedded() { 0 } else { 1 }]);
        let process = reader.process_id().expect("it runs");
        for name in ["fan out", "deliver"] {
            let instances = spans.instances_of(name);
            if !matches!(instances.iter().collect::<Vec<_>>()[..], [one] if one.ends_with(&format!("/{process}"))) {
                return Err(format!("`{name}` at {instances:?}, not at {} ({process}) alone", reader.name));
            }
        }
        Ok(())
    }
}
