//! How messages become bytes and back.
//!
//! Generated servers decode with [`ServerCodec`]: bytes that are no message, and messages that break a rule standing
//! beside a field, are answered before any handler runs. tonic's own codec would answer INTERNAL.

use std::marker::PhantomData;

use bytes::{Buf, BufMut, Bytes};
use loquat_proto::Validate;
use prost::{
    DecodeError, Message,
    encoding::{DecodeContext, WireType},
};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstEncoder;

use crate::fault::{FieldViolation, RpcFault, status};

/// How much an encoder sets aside at first, and how much ready output it gathers before it yields: so much is held for a stream
/// whose client does not read.
const BUFFER: (usize, usize) = (512, 8 * 1024);

/// Encodes answers, and decodes and judges requests.
#[derive(Debug)]
pub struct ServerCodec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for ServerCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> Codec for ServerCodec<E, D>
where
    E: Message + 'static,
    D: Message + Default + Validate + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = ProstEncoder<E>;
    type Decoder = JudgingDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::new(BUFFER.0, BUFFER.1))
    }

    fn decoder(&mut self) -> Self::Decoder {
        JudgingDecoder(PhantomData)
    }
}

/// Decodes a request and judges it by the rules beside its fields.
#[derive(Debug)]
pub struct JudgingDecoder<D>(PhantomData<D>);

impl<D: Message + Default + Validate> Decoder for JudgingDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        let message = D::decode(bytes).map_err(|_| status(RpcFault::MalformedRequest))?;
        match message.validate() {
            Ok(()) => Ok(Some(message)),
            Err(error) => Err(status(RpcFault::InvalidFields(violations(error.violations())))),
        }
    }
}

fn violations(found: &[loquat_proto::Violation]) -> Vec<FieldViolation> {
    found
        .iter()
        .map(|violation| FieldViolation {
            field: violation.field_path(),
            description: violation.message().to_owned(),
            rule: violation.rule_id().to_owned(),
        })
        .collect()
}

/// A message that is encoded already: whoever fans it out encodes it once and shares the bytes.
///
/// It stands in generated servers in the place of the message whose bytes it holds. It can be sent, not received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(Bytes);

impl Encoded {
    /// Encodes a message.
    #[must_use]
    pub fn of(message: &impl Message) -> Self {
        Self(message.encode_to_vec().into())
    }

    /// Takes bytes that are the encoded message.
    #[must_use]
    pub const fn from_bytes(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, shared.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl Message for Encoded {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        prost::encoding::skip_field(wire_type, tag, buffer, context)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0 = Bytes::new();
    }
}

#[cfg(test)]
mod tests {
    use loquat_proto::events::v1::{InterestApplied, StreamItem, SubscribeResponse, stream_item::Kind};

    use super::*;

    #[test]
    fn encoded_bytes_go_out_as_the_message_they_are() {
        let message = SubscribeResponse {
            item: Some(StreamItem { kind: Some(Kind::InterestApplied(InterestApplied { revision: 7 })) }),
        };
        let encoded = Encoded::of(&message);
        assert_eq!(SubscribeResponse::decode(encoded.encode_to_vec().as_slice()), Ok(message));
    }
}
