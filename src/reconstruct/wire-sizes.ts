/**
 * How long Fabric's messages are on an HTTP/2 stream, from what is in them. TLS hides what a message says and not how long it is, so that a block which an orderer delivered
 * is recognized again in the messages that carry it on. Field numbers: gossip/protoext and protos/gossip/message.proto, orderer/ab.proto, common/common.proto.
 */

/** Bytes of a protobuf varint. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/** Bytes of a length-delimited field, whose number takes a tag of `tagBytes`, with a body of `body` bytes. */
function fieldBytes(body: number, tagBytes = 1): number {
  return tagBytes + varintBytes(body) + body;
}

/** gRPC leaves SETTINGS_MAX_FRAME_SIZE at its default; a frame has a header of nine bytes (RFC 9113 §4.1), a message a prefix of five. */
const FRAME_BYTES = 16_384;
const FRAME_HEADER_BYTES = 9;
const MESSAGE_PREFIX_BYTES = 5;

/** What a gRPC message of `message` bytes takes on its stream: prefix and frame headers included (grpc-go fills every DATA frame but the last). */
export function streamBytes(message: number): number {
  const bytes = message + MESSAGE_PREFIX_BYTES;
  return bytes + FRAME_HEADER_BYTES * Math.ceil(bytes / FRAME_BYTES);
}

/** A block of `block` bytes in a DeliverResponse. */
export function deliveredBytes(block: number): number {
  return streamBytes(fieldBytes(block));
}

/** The block whose DeliverResponse takes `bytes` on its stream, or null when no block's does. */
export function blockOfDelivered(bytes: number): number | null {
  const most = bytes - MESSAGE_PREFIX_BYTES - FRAME_HEADER_BYTES * Math.max(1, Math.floor(bytes / (FRAME_BYTES + FRAME_HEADER_BYTES)));
  for (let block = most; block > 0 && block > most - 32; block--) if (deliveredBytes(block) === bytes) return block;
  return null;
}

/** Envelope { payload: GossipMessage { channel, tag, data_msg { payload { seq_num, data } } } }, without gRPC's part. Unsigned, since the channel authenticates it. */
function dataEnvelopeBytes(block: number, number: number, channelBytes: number): number {
  const payload = (number === 0 ? 0 : 1 + varintBytes(number)) + fieldBytes(block);
  return fieldBytes(fieldBytes(channelBytes) + TAG_BYTES + fieldBytes(fieldBytes(payload)));
}

/** The GossipMessage's tag: an enumeration below 128. */
const TAG_BYTES = 2;
/** A random 64-bit number takes nine bytes or ten, less by one chance in a hundred. */
const LEAST_NONCE_BYTES = 1 + 9;
const MOST_NONCE_BYTES = 1 + 10;

/** A push of a block (data_msg), by the leader and by who passes it on. `channelBytes` is the length of the channel's name. */
export function pushedBytes(block: number, number: number, channelBytes: number): number {
  return streamBytes(dataEnvelopeBytes(block, number, channelBytes));
}

/** The block whose push takes `bytes`; null when no block's does, though one cut by flow-control windows may. */
export function blockOfPushed(bytes: number, number: number, channelBytes: number): number | null {
  const about = blockOfDelivered(bytes) ?? blockOfDelivered(bytes - 1);
  const most = about === null ? bytes : about + 8;
  for (let block = most; block > 0 && block > most - channelBytes - 80; block--) if (pushedBytes(block, number, channelBytes) === bytes) return block;
  return null;
}

export interface SizeRange {
  readonly least: number;
  readonly most: number;
}

export interface SizedBlock {
  readonly number: number;
  readonly bytes: number;
}

/** What a block takes in the answer to a pull. */
export function pulledItemBytes(block: SizedBlock, channelBytes: number): number {
  return fieldBytes(dataEnvelopeBytes(block.bytes, block.number, channelBytes));
}

/** The answer to a pull with such items: GossipMessage { channel, tag, data_update { nonce, data[] envelopes, msg_type } } (gossip/gossip/pull/pullstore.go: its own nonce is 0). */
export function pulledBytes(items: number, channelBytes: number): SizeRange {
  const whole = (nonce: number): number => streamBytes(fieldBytes(fieldBytes(channelBytes) + TAG_BYTES + fieldBytes(nonce + items + 2)));
  return { least: whole(LEAST_NONCE_BYTES), most: whole(MOST_NONCE_BYTES) };
}

/** What a block takes in the answer to a state request. */
export function statePayloadBytes(block: SizedBlock): number {
  return fieldBytes((block.number === 0 ? 0 : 1 + varintBytes(block.number)) + fieldBytes(block.bytes));
}

/** The answer to a state request with such payloads: GossipMessage { nonce, channel, tag, state_response { payloads[] } }; its field number takes a tag of two bytes. */
export function stateResponseBytes(payloads: number, channelBytes: number): SizeRange {
  const whole = (nonce: number): number => streamBytes(fieldBytes(nonce + fieldBytes(channelBytes) + TAG_BYTES + fieldBytes(payloads, 2)));
  return { least: whole(LEAST_NONCE_BYTES), most: whole(MOST_NONCE_BYTES) };
}

const PKI_ID_BYTES = 32;
/** ECDSA over P-256 as DER: 70 to 72 bytes, now and then one less. */
const LEAST_SIGNATURE_BYTES = 69;
const MOST_SIGNATURE_BYTES = 72;
/** inc_num is a time in nanoseconds (nine bytes until the year 2262), seq_num a counter of one to three bytes. */
const LEAST_TIME_BYTES = 10 + 2;
const MOST_TIME_BYTES = 10 + 4;
const MOST_STAMP_BYTES = 10 + 10;

function signed(payload: SizeRange, secretBytes: SizeRange = { least: 0, most: 0 }): SizeRange {
  return {
    least: streamBytes(fieldBytes(payload.least) + fieldBytes(LEAST_SIGNATURE_BYTES) + secretBytes.least),
    most: streamBytes(fieldBytes(payload.most) + fieldBytes(MOST_SIGNATURE_BYTES) + secretBytes.most),
  };
}

/** A declaration of an organization's gossip leader, or without its flag a proposal: leadership_msg { pki_id, timestamp, is_declaration }, sent to all peers of the organization in the channel and passed on by none (gossip/gossip/gossip_impl.go, gossipInChan). */
export function leadershipBytes(channelBytes: number): SizeRange {
  const payload = (time: number, flag: number): number =>
    fieldBytes(channelBytes) + TAG_BYTES + fieldBytes(fieldBytes(PKI_ID_BYTES) + fieldBytes(time) + flag, 2);
  return signed({ least: payload(LEAST_TIME_BYTES, 0), most: payload(MOST_TIME_BYTES, 2) });
}

/** An alive message about a member with this endpoint: outside its organization, and inside with the secret envelope that holds the internal endpoint. */
export function aliveBytes(endpointBytes: number, internalEndpointBytes: number | null): SizeRange {
  const payload = (time: number): number =>
    TAG_BYTES + fieldBytes(fieldBytes(fieldBytes(endpointBytes) + fieldBytes(PKI_ID_BYTES)) + fieldBytes(time));
  const secret = (signature: number): number =>
    internalEndpointBytes === null ? 0 : fieldBytes(fieldBytes(fieldBytes(internalEndpointBytes)) + fieldBytes(signature));
  return signed(
    { least: payload(LEAST_TIME_BYTES), most: payload(MOST_TIME_BYTES) },
    { least: secret(LEAST_SIGNATURE_BYTES), most: secret(MOST_SIGNATURE_BYTES) },
  );
}

/** A state info without chaincodes: ledger height in `properties` (1.1 and later) or as metadata of eight bytes before. */
export function stateInfoBytes(): SizeRange {
  const payload = (rest: number): number =>
    TAG_BYTES + fieldBytes(rest + fieldBytes(LEAST_TIME_BYTES + 7) + fieldBytes(PKI_ID_BYTES) + fieldBytes(32), 1);
  return signed({ least: payload(4), most: payload(10) + MOST_STAMP_BYTES - LEAST_TIME_BYTES - 7 });
}

/** A request for the state infos of a channel: channel_MAC. */
export function stateInfoRequestBytes(): SizeRange {
  const whole = streamBytes(fieldBytes(TAG_BYTES + fieldBytes(fieldBytes(32), 2)));
  return { least: whole, most: whole + MOST_NONCE_BYTES };
}
