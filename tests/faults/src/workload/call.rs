//! One call: asked, answered, and both written down.

use std::{sync::atomic::Ordering, time::Duration};

use loquat_faults::history::{
    Action, Answer, Around, Entry, Failure, Id, Invoke, MessageSeen, Op, Outcome, Reply, Written,
};
use loquat_proto::{
    messages::v1::{
        AddReactionRequest, DeleteMessageRequest, EditMessageRequest, GetMessageRequest, ListMessagesRequest,
        ListPinnedMessagesRequest, Message, PinMessageRequest, RemoveReactionRequest, SendMessageRequest,
        UnpinMessageRequest, list_messages_request::Anchor,
    },
    rooms::v1::{JoinRoomRequest, LeaveRoomRequest, RemoveMemberRequest, UpdateRoomRequest},
};
use loquat_testkit::{Gateway, Refusal, frame, grpc_web};
use prost::Message as _;
use tokio::time::timeout;
use tonic::{Code, Request, Status};

use super::{Account, Counts, Edge, RoomOfRun, World, seen};

/// How long one attempt may take.
const DEADLINE: Duration = Duration::from_secs(6);
const PAGE: i32 = 50;

/// What is asked, by whom, in which room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command<'a> {
    /// The client.
    pub(crate) client: u32,
    /// Whose client.
    pub(crate) account: &'a Account,
    /// The room.
    pub(crate) room: &'a RoomOfRun,
    /// The request id. Empty where there is none.
    pub(crate) request: &'a str,
    /// What.
    pub(crate) action: &'a Action,
    /// How many messages a page holds, 0 for some.
    pub(crate) page_size: i32,
    /// What follows an earlier page, for [`Around::Token`].
    pub(crate) page_token: &'a str,
    /// Whether it is asked as a browser does.
    pub(crate) is_web: bool,
}

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Came {
    /// An answer, with the token of the next page.
    Answer(Reply, String),
    /// None, and what is known.
    Nothing(Outcome, Refusal),
}

impl World {
    /// Asks once.
    pub(crate) async fn attempt(&self, command: &Command<'_>, edge: &Edge) -> Came {
        command.account.renew(self.edges[command.client as usize % self.edges.len()].connection(command.client)).await;
        let begun = self.journal.now();
        let op = self.journal.invoke(|op| Invoke {
            op,
            client: command.client,
            user: command.account.user,
            room: command.room.room,
            via: edge.via,
            request: command.request.to_owned(),
            action: command.action.clone(),
        });
        self.counts.in_flight.fetch_add(1, Ordering::Relaxed);
        Counts::add(&self.counts.calls);
        let answer = timeout(DEADLINE, self.ask(command, edge)).await;
        self.counts.in_flight.fetch_sub(1, Ordering::Relaxed);
        match answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("the harness has waited long enough"))) {
            Ok((reply, token)) => {
                self.note_answer(command, op, &reply);
                edge.note_success(begun);
                Came::Answer(reply, token)
            }
            Err(status) => self.note_failure(command, op, &status),
        }
    }

    fn note_answer(&self, command: &Command<'_>, op: Op, reply: &Reply) {
        self.journal.note(Entry::Ok(Answer { op, reply: reply.clone() }));
        let Reply::Written(written) = reply else { return };
        command.room.note_head(written.seq);
        if written.is_repeat {
            Counts::add(&self.counts.repeats);
        } else if matches!(command.action, Action::Send { .. }) {
            Counts::add(&self.counts.sends);
        } else {
            Counts::add(&self.counts.commands);
        }
    }

    fn note_failure(&self, command: &Command<'_>, op: Op, status: &Status) -> Came {
        let refusal = Refusal::from(status);
        let outcome = outcome(&refusal);
        if refusal.code == Code::Unauthenticated {
            command.account.distrust();
        }
        if outcome == Outcome::Unknown {
            Counts::add(&self.counts.unknown);
        }
        let code = format!("{:?}", refusal.code);
        let reason = refusal.reason.clone();
        self.journal.note(Entry::Fail(Failure { op, code, reason, outcome }));
        Came::Nothing(outcome, refusal)
    }

    async fn ask(&self, command: &Command<'_>, edge: &Edge) -> Result<(Reply, String), Status> {
        let gateway = edge.connection(command.client);
        let room_id = command.room.id.clone();
        let request_id = command.request.to_owned();
        match command.action {
            Action::Send { text } => {
                let request = SendMessageRequest { room_id, request_id, text: text.clone() };
                let answer = match edge.address.filter(|_| command.is_web) {
                    Some(address) => web(address, command.account, &request).await?,
                    None => gateway.messages().send_message(asked(command, request)).await?.into_inner(),
                };
                let message = answer.message.unwrap_or_default();
                let create_time = Some(seen::micros(message.create_time.as_ref()));
                let (seq, is_repeat) = (message.seq, answer.is_repeat);
                let message = Id::parse(&message.message_id).ok_or_else(|| misshapen("a message id"))?;
                Ok(plain(Reply::Written(Written { seq, message, create_time, is_repeat })))
            }
            Action::Join => {
                gateway.rooms().join_room(asked(command, JoinRoomRequest { room_id })).await?;
                Ok(plain(Reply::Done))
            }
            Action::Leave => {
                gateway.rooms().leave_room(asked(command, LeaveRoomRequest { room_id })).await?;
                Ok(plain(Reply::Done))
            }
            Action::Remove { target } => {
                let target = self.people.iter().find(|account| account.user == *target);
                let user_id = target.map(|account| account.id.clone()).unwrap_or_default();
                gateway.rooms().remove_member(asked(command, RemoveMemberRequest { room_id, user_id })).await?;
                Ok(plain(Reply::Done))
            }
            Action::Update { topic } => {
                let update_mask = Some(prost_types::FieldMask { paths: vec!["topic".to_owned()] });
                let request = UpdateRoomRequest { room_id, topic: topic.clone(), update_mask, ..Default::default() };
                gateway.rooms().update_room(asked(command, request)).await?;
                Ok(plain(Reply::Done))
            }
            Action::Page { around } => self.ask_page(command, gateway, *around).await,
            Action::Get { message } => {
                let request = GetMessageRequest { room_id, message_id: message.to_string() };
                let answer = gateway.messages().get_message(asked(command, request)).await?.into_inner();
                let message = self.see(&answer.message.unwrap_or_default())?;
                Ok(plain(Reply::Message(message)))
            }
            Action::Pins => {
                let request = ListPinnedMessagesRequest { room_id };
                let answer = gateway.messages().list_pinned_messages(asked(command, request)).await?.into_inner();
                let messages = answer.messages.iter().map(|message| self.see(message)).collect::<Result<_, _>>()?;
                let cursor = seen::place(&answer.cursor.unwrap_or_default());
                Ok(plain(Reply::Page { messages, cursor }))
            }
            Action::Edit { .. }
            | Action::Delete { .. }
            | Action::React { .. }
            | Action::Unreact { .. }
            | Action::Pin { .. }
            | Action::Unpin { .. } => self.ask_change(command, gateway).await,
        }
    }

    /// Asks for a change of a message.
    async fn ask_change(&self, command: &Command<'_>, gateway: &Gateway) -> Result<(Reply, String), Status> {
        macro_rules! ask {
            ($method:ident, $request:ident, $message:expr $(, $field:ident)*) => {{
                let request = $request {
                    room_id: command.room.id.clone(),
                    request_id: command.request.to_owned(),
                    message_id: $message.to_string(),
                    $($field: $field.clone(),)*
                };
                let answer = gateway.messages().$method(asked(command, request)).await?.into_inner();
                ($message, answer.seq, answer.is_repeat)
            }};
        }
        let (message, seq, is_repeat) = match command.action {
            Action::Edit { message, text } => ask!(edit_message, EditMessageRequest, message, text),
            Action::Delete { message } => ask!(delete_message, DeleteMessageRequest, message),
            Action::React { message, emoji } => ask!(add_reaction, AddReactionRequest, message, emoji),
            Action::Unreact { message, emoji } => ask!(remove_reaction, RemoveReactionRequest, message, emoji),
            Action::Pin { message } => ask!(pin_message, PinMessageRequest, message),
            Action::Unpin { message } => ask!(unpin_message, UnpinMessageRequest, message),
            _ => return Err(Status::internal("the harness took something else for a change")),
        };
        Ok(plain(Reply::Written(Written { seq, message: *message, create_time: None, is_repeat })))
    }

    async fn ask_page(
        &self,
        command: &Command<'_>,
        gateway: &Gateway,
        around: Around,
    ) -> Result<(Reply, String), Status> {
        let anchor = match around {
            Around::Newest | Around::Token => None,
            Around::Before(seq) => Some(Anchor::BeforeSeq(seq)),
            Around::After(seq) => Some(Anchor::AfterSeq(seq)),
            Around::Seq(seq) => Some(Anchor::AroundSeq(seq)),
        };
        let request = ListMessagesRequest {
            room_id: command.room.id.clone(),
            anchor,
            page_size: if command.page_size == 0 { PAGE } else { command.page_size },
            page_token: command.page_token.to_owned(),
        };
        let answer = gateway.messages().list_messages(asked(command, request)).await?.into_inner();
        let messages = answer.messages.iter().map(|message| self.see(message)).collect::<Result<_, _>>()?;
        let cursor = seen::place(&answer.cursor.unwrap_or_default());
        Ok((Reply::Page { messages, cursor }, answer.next_page_token))
    }

    fn see(&self, message: &Message) -> Result<MessageSeen, Status> {
        seen::message(&self.journal, message).ok_or_else(|| misshapen("a message"))
    }
}

fn plain(reply: Reply) -> (Reply, String) {
    (reply, String::new())
}

fn asked<T>(command: &Command<'_>, message: T) -> Request<T> {
    let mut request = command.account.ask(message);
    request.set_timeout(DEADLINE);
    request
}

/// An answer that is none. (Its call is taken for one of unknown outcome.)
fn misshapen(what: &str) -> Status {
    Status::unknown(format!("the answer lacks {what}"))
}

/// Sends a message as browsers do.
async fn web(
    address: std::net::SocketAddr,
    account: &Account,
    request: &SendMessageRequest,
) -> Result<loquat_proto::messages::v1::SendMessageResponse, Status> {
    let bearer = account.bearer();
    let headers = [("authorization", bearer.to_str().unwrap_or_default())];
    let body = frame(&request.encode_to_vec());
    let answer = grpc_web(address, "/loquat.messages.v1.MessageService/SendMessage", &headers, &body).await;
    let answer = answer.map_err(|error| Status::unavailable(format!("grpc-web: {error:#}")))?;
    match (answer.status, answer.messages.first()) {
        (Some(status), _) if status.code() != Code::Ok => Err(status),
        (Some(_), Some(message)) => loquat_proto::messages::v1::SendMessageResponse::decode(message.clone())
            .map_err(|_| misshapen("a response")),
        _ => Err(misshapen("a status")),
    }
}

/// What is known after a refusal.
fn outcome(refusal: &Refusal) -> Outcome {
    match refusal.code {
        // Without a reason of ours it is not the server that decided.
        _ if refusal.reason.is_empty() => Outcome::Unknown,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition => Outcome::Refused,
        Code::ResourceExhausted | Code::Unauthenticated | Code::Unimplemented => Outcome::NotDone,
        _ => Outcome::Unknown,
    }
}
