import type { DeliverRequestMessage, PlaintextKind } from '../events/plaintext-message.js';
import { type BlockSkeleton, channelName } from './block-skeleton.js';
import { fabricMessages, type SeekPosition } from './gossip-messages.js';
import type { Moment, PlaintextRecord } from './plaintext-record.js';
import { FieldScan } from './protobuf-scan.js';

/** common.HeaderType DELIVER_SEEK_INFO (fabric-protos, common/common.proto). */
const DELIVER_SEEK_INFO = 5;
const ENDLESS = '18446744073709551615';

/** What of a Deliver call has to be remembered from message to message. */
export interface DeliverCall {
  /** The channel last asked for. */
  channel: string | null;
}

/**
 * Reads the request at `start` to `end`: a common.Envelope with a SeekInfo (fabric-protos, orderer/ab.proto). False when it is none; then nothing was kept.
 */
export function readDeliverRequest(
  data: Uint8Array,
  start: number,
  end: number,
  call: DeliverCall,
  record: PlaintextRecord,
  moment: Moment,
): boolean {
  const payloadBytes = payloadOf(data, start, end);
  if (payloadBytes === null) return false;
  const messages = fabricMessages();
  const payload = messages.payload(payloadBytes);
  const header = payload?.header ?? null;
  if (payload === null || header === null) return false;
  const channelHeader = messages.channelHeader(header.channelHeader);
  if (channelHeader === null || channelHeader.type !== DELIVER_SEEK_INFO) return false;
  const channel = channelName(Buffer.from(channelHeader.channelId));
  const seek = messages.seekInfo(payload.data);
  if (channel === null || seek === null) return false;
  call.channel = channel;
  record.noteChannel(channel);
  const isEndless = seek.stop?.specified?.number.toString() === ENDLESS;
  record.keep(moment, { kind: 'deliver-request', channel, start: positionOf(seek.start), isEndless });
  return true;
}

/** The payload of a common.Envelope, or null when it is none: nothing but payload and signature. */
function payloadOf(data: Uint8Array, start: number, end: number): Uint8Array | null {
  const fields = new FieldScan(data, start, end);
  let payload: Uint8Array | null = null;
  while (fields.next()) {
    if (fields.wireType !== 2 || fields.number > 2) return null;
    if (fields.number === 1) payload = data.subarray(fields.start, fields.end);
  }
  return fields.isMalformed ? null : payload;
}

function positionOf(position: SeekPosition | null): DeliverRequestMessage['start'] {
  if (position === null) return null;
  if (position.specified !== null) {
    const number = Number(position.specified.number.toString());
    return Number.isSafeInteger(number) ? number : null;
  }
  if (position.oldest !== null) return 'oldest';
  if (position.newest !== null) return 'newest';
  return position.nextCommit === null ? null : 'next-commit';
}

/** Keeps what a DeliverResponse carried: a block, or the last word on a request. Returns its kind, or null when it is none. */
export function readDeliverResponse(
  skeleton: BlockSkeleton,
  call: DeliverCall,
  record: PlaintextRecord,
  moment: Moment,
  isWhole: boolean,
): PlaintextKind | null {
  const blocks = skeleton.blocks();
  if (blocks.length > 0) {
    const channel = call.channel ?? skeleton.channel;
    if (channel !== null) record.noteChannel(channel);
    record.keep(moment, { kind: 'blocks', via: 'deliver', channel, blocks, isWhole });
    return 'deliver-block';
  }
  if (!skeleton.isSound || skeleton.status === null) return null;
  record.keep(moment, { kind: 'deliver-status', channel: call.channel, status: skeleton.status, grpcStatus: null });
  return 'deliver-status';
}
