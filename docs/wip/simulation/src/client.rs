//! One call: asked, answered, and both written down.

use std::{sync::Arc, time::Duration};

use loquat_faults::history::{
    Action, Answer, Around, Entry, Failure, Id, Invoke, MessageSeen, Outcome, Reply, Written,
};
use loquat_proto::messages::v1::{
    AddReactionRequest, DeleteMessageRequest, EditMessageRequest, GetMessageRequest, ListMessagesRequest, Message,
    PinMessageRequest, RemoveReactionRequest, SendMessageRequest, UnpinMessageRequest, list_messages_request::Anchor,
    message_service_client::MessageServiceClient,
};
use loquat_rpc::Channel;
use tokio::time::timeout;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::{
    seen,
    world::{Person, RoomOfRun, World},
};

/// How long one attempt may take.
const DEADLINE: Duration = Duration::from_secs(3);
const PAGE: i32 = 40;

/// What is asked, by whom, in which room.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) client: u32,
    pub(crate) person: Arc<Person>,
    pub(crate) room: Arc<RoomOfRun>,
    /// The request id. Empty where there is none.
    pub(crate) request: String,
    pub(crate) action: Action,
}

impl Call {
    /// Asks once, and writes down what was asked and what came of it.
    pub(crate) async fn attempt(&self, world: &World, via: u32, gateway: &Channel) -> Result<Reply, Outcome> {
        let op = world.journal.invoke(|op| Invoke {
            op,
            client: self.client,
            user: self.person.user,
            room: self.room.room,
            via,
            request: self.request.clone(),
            action: self.action.clone(),
        });
        let answer = timeout(DEADLINE, self.ask(world, gateway)).await;
        match answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("the client has waited long enough"))) {
            Ok(reply) => {
                world.journal.note(Entry::Ok(Answer { op, reply: reply.clone() }));
                Ok(reply)
            }
            Err(status) => {
                let reason =
                    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default();
                let outcome = outcome(status.code(), &reason);
                let code = format!("{:?}", status.code());
                world.journal.note(Entry::Fail(Failure { op, code, reason, outcome }));
                Err(outcome)
            }
        }
    }

    async fn ask(&self, world: &World, gateway: &Channel) -> Result<Reply, Status> {
        let mut messages = MessageServiceClient::new(gateway.clone());
        let room_id = self.room.id.to_string();
        match &self.action {
            Action::Send { text } => {
                let request = SendMessageRequest { room_id, request_id: self.request.clone(), text: text.clone() };
                let answer = messages.send_message(self.asked(request)).await?.into_inner();
                let message = answer.message.unwrap_or_default();
                Ok(Reply::Written(Written {
                    seq: message.seq,
                    message: Id::parse(&message.message_id).ok_or_else(|| misshapen("a message id"))?,
                    create_time: Some(seen::micros(message.create_time.as_ref())),
                    is_repeat: answer.is_repeat,
                }))
            }
            Action::Page { around } => {
                let anchor = match around {
                    Around::Newest | Around::Token => None,
                    Around::Before(seq) => Some(Anchor::BeforeSeq(*seq)),
                    Around::After(seq) => Some(Anchor::AfterSeq(*seq)),
                    Around::Seq(seq) => Some(Anchor::AroundSeq(*seq)),
                };
                let request = ListMessagesRequest { room_id, anchor, page_size: PAGE, page_token: String::new() };
                let answer = messages.list_messages(self.asked(request)).await?.into_inner();
                let read = answer.messages.iter().map(|message| see(world, message)).collect::<Result<_, _>>()?;
                Ok(Reply::Page { messages: read, cursor: seen::place(&answer.cursor.unwrap_or_default()) })
            }
            Action::Get { message } => {
                let request = GetMessageRequest { room_id, message_id: message.to_string() };
                let answer = messages.get_message(self.asked(request)).await?.into_inner();
                Ok(Reply::Message(see(world, &answer.message.unwrap_or_default())?))
            }
            _ => self.ask_change(&mut messages).await,
        }
    }

    async fn ask_change(&self, messages: &mut MessageServiceClient<Channel>) -> Result<Reply, Status> {
        macro_rules! ask {
            ($method:ident, $request:ident, $message:expr $(, $field:ident)*) => {{
                let request = $request {
                    room_id: self.room.id.to_string(),
                    request_id: self.request.clone(),
                    message_id: $message.to_string(),
                    $($field: $field.clone(),)*
                };
                let answer = messages.$method(self.asked(request)).await?.into_inner();
                (*$message, answer.seq, answer.is_repeat)
            }};
        }
        let (message, seq, is_repeat) = match &self.action {
            Action::Edit { message, text } => ask!(edit_message, EditMessageRequest, message, text),
            Action::Delete { message } => ask!(delete_message, DeleteMessageRequest, message),
            Action::React { message, emoji } => ask!(add_reaction, AddReactionRequest, message, emoji),
            Action::Unreact { message, emoji } => ask!(remove_reaction, RemoveReactionRequest, message, emoji),
            Action::Pin { message } => ask!(pin_message, PinMessageRequest, message),
            Action::Unpin { message } => ask!(unpin_message, UnpinMessageRequest, message),
            _ => return Err(Status::internal("the simulation took something else for a change")),
        };
        Ok(Reply::Written(Written { seq, message, create_time: None, is_repeat }))
    }

    fn asked<T>(&self, message: T) -> Request<T> {
        let mut request = self.person.ask(message);
        request.set_timeout(DEADLINE);
        request
    }
}

fn see(world: &World, message: &Message) -> Result<MessageSeen, Status> {
    seen::message(&world.journal, message).ok_or_else(|| misshapen("a message"))
}

/// An answer that is none. (Its call is taken for one of unknown outcome.)
fn misshapen(what: &str) -> Status {
    Status::unknown(format!("the answer lacks {what}"))
}

/// What is known after a refusal.
fn outcome(code: Code, reason: &str) -> Outcome {
    match code {
        // Without a reason of ours it is not the server that decided.
        _ if reason.is_empty() => Outcome::Unknown,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition => Outcome::Refused,
        Code::ResourceExhausted | Code::Unauthenticated => Outcome::NotDone,
        _ => Outcome::Unknown,
    }
}
