import type { CarriedBlock } from '../events/plaintext-message.js';
import { DATA_MSG_FIELD, DATA_UPDATE_FIELD, FIRST_CONTENT_FIELD, LAST_CONTENT_FIELD, STATE_RESPONSE_FIELD } from './gossip-messages.js';
import { type FieldListener, type FieldShape, type MessageShape, ProtobufWalker } from './protobuf-walker.js';

const CHANNEL = 1;
const GOSSIP_MESSAGE = 2;
const DATA_MESSAGE = 3;
const PAYLOAD = 4;
const SEQUENCE = 5;
const BLOCK_BYTES = 6;
const UPDATE = 7;
const UPDATE_ITEM = 8;
const STATE_RESPONSE = 9;
const STATUS = 10;
const BLOCK = 11;
const HEADER = 12;
const NUMBER = 13;
const HASH = 14;
const TRANSACTIONS = 15;
const TRANSACTION = 16;
const INSIDE = 17;
const OTHER_RESPONSE = 18;
/** Plus the number of the field of GossipMessage that holds its content. */
const CONTENT = 100;

const shape = (fields: Readonly<Record<number, FieldShape>>): MessageShape =>
  new Map(Object.entries(fields).map(([number, field]) => [Number(number), field]));
const message = (id: number, fields: Readonly<Record<number, FieldShape>>): FieldShape => ({ kind: 'message', id, shape: shape(fields) });

const payloadField = message(PAYLOAD, { 1: { kind: 'number', id: SEQUENCE }, 2: { kind: 'length', id: BLOCK_BYTES } });
const dataMessageField = message(DATA_MESSAGE, { 1: payloadField });
const channelField: FieldShape = { kind: 'text', id: CHANNEL };

const contents: Record<number, FieldShape> = {};
for (let n = FIRST_CONTENT_FIELD; n <= LAST_CONTENT_FIELD; n++) contents[n] = { kind: 'length', id: CONTENT + n };

/** Envelope, GossipMessage, DataMessage, DataUpdate, RemoteStateResponse, Payload (fabric-protos, gossip/message.proto). */
const GOSSIP_SHAPE = shape({
  1: message(GOSSIP_MESSAGE, {
    ...contents,
    2: channelField,
    [DATA_MSG_FIELD]: dataMessageField,
    [DATA_UPDATE_FIELD]: message(UPDATE, {
      2: message(UPDATE_ITEM, { 1: message(INSIDE, { 2: channelField, [DATA_MSG_FIELD]: dataMessageField }) }),
    }),
    [STATE_RESPONSE_FIELD]: message(STATE_RESPONSE, { 1: payloadField }),
  }),
});

const blockField = message(BLOCK, {
  1: message(HEADER, { 1: { kind: 'number', id: NUMBER }, 2: { kind: 'length', id: HASH }, 3: { kind: 'length', id: HASH } }),
  // Envelope, Payload, Header, ChannelHeader of the first transaction: it names the channel.
  2: message(TRANSACTIONS, { 1: message(TRANSACTION, { 1: message(INSIDE, { 1: message(INSIDE, { 1: message(INSIDE, { 4: channelField }) }) }) }) }),
});

/** DeliverResponse (fabric-protos, orderer/ab.proto; peer/events.proto has other responses besides). */
const DELIVER_SHAPE = shape({
  1: { kind: 'number', id: STATUS },
  2: blockField,
  3: { kind: 'length', id: OTHER_RESPONSE },
  4: { kind: 'length', id: OTHER_RESPONSE },
});

const HASH_BYTES = 32;

/** What of a gossip message or a DeliverResponse can be told without looking at its blocks: which ones they are, and their sizes. For messages of any size, in pieces. */
export class BlockSkeleton implements FieldListener {
  readonly carrier: 'gossip' | 'deliver';
  readonly #walker: ProtobufWalker;
  readonly #blocks: CarriedBlock[] = [];
  readonly #maxBlocks: number;
  #channel: string | null = null;
  #contentField = 0;
  #status: number | null = null;
  #sequence = 0;
  #hasSequence = false;
  #bytes = -1;
  #isInPayload = false;
  #hashes = 0;
  #isPlausible = true;
  #refused = 0;

  constructor(carrier: 'gossip' | 'deliver', length: number, maxBlocks: number) {
    this.carrier = carrier;
    this.#walker = new ProtobufWalker(carrier === 'gossip' ? GOSSIP_SHAPE : DELIVER_SHAPE, length, this);
    this.#maxBlocks = maxBlocks;
  }

  /** Of the blocks, or null where the message does not say. */
  get channel(): string | null {
    return this.#channel;
  }

  /** The number of GossipMessage's field that holds the content; 0 while none was met. */
  get contentField(): number {
    return this.#contentField;
  }

  get status(): number | null {
    return this.#status;
  }

  /** Blocks beyond the most that are kept of one message. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether all of it was read and is as Fabric writes it. */
  get isSound(): boolean {
    return this.#walker.isComplete && this.#isPlausible;
  }

  /** The blocks met so far: also one whose end is missing, when its number was there. */
  blocks(): readonly CarriedBlock[] {
    if (!this.#isPlausible) return [];
    if (!this.#isInPayload || !this.#hasSequence || this.#bytes < 0) return this.#blocks;
    return [...this.#blocks, { number: this.#sequence, bytes: this.#bytes }];
  }

  feed(data: Uint8Array, start: number, end: number): void {
    this.#walker.feed(data, start, end);
  }

  miss(bytes: number): void {
    this.#walker.miss(bytes);
  }

  enter(id: number, length: number): boolean {
    switch (id) {
      case DATA_MESSAGE:
        if (this.#contentField === 0) this.#contentField = DATA_MSG_FIELD;
        return true;
      case UPDATE:
        this.#contentField = DATA_UPDATE_FIELD;
        return true;
      case STATE_RESPONSE:
        this.#contentField = STATE_RESPONSE_FIELD;
        return true;
      case PAYLOAD:
        this.#beginBlock(-1);
        return true;
      case BLOCK:
        this.#beginBlock(length);
        return true;
      case TRANSACTION:
        return this.#channel === null;
      default:
        return true;
    }
  }

  #beginBlock(bytes: number): void {
    this.#isInPayload = true;
    this.#sequence = 0;
    this.#hasSequence = false;
    this.#bytes = bytes;
    this.#hashes = 0;
  }

  leave(id: number): void {
    if (id === HEADER) {
      // A number of 0 is not written.
      this.#hasSequence = true;
      if (this.#hashes === 0) this.#isPlausible = false;
    }
    if (id !== PAYLOAD && id !== BLOCK) return;
    this.#isInPayload = false;
    if (id === BLOCK && this.#hashes === 0) this.#isPlausible = false;
    // A payload without a block carries private data alone, or nothing.
    if (this.#bytes <= 0) return;
    if (this.#blocks.length < this.#maxBlocks) this.#blocks.push({ number: this.#sequence, bytes: this.#bytes });
    else this.#refused += 1;
  }

  length(id: number, length: number): void {
    if (id === BLOCK_BYTES) this.#bytes = length;
    else if (id === HASH) {
      if (length === HASH_BYTES) this.#hashes += 1;
      else if (length !== 0) this.#isPlausible = false;
    } else if (id > CONTENT) this.#contentField = id - CONTENT;
  }

  number(id: number, value: number): void {
    if (id === STATUS) {
      this.#status = value;
    } else if (Number.isSafeInteger(value)) {
      this.#sequence = value;
      this.#hasSequence = true;
    } else this.#isPlausible = false;
  }

  text(id: number, bytes: Uint8Array): void {
    if (id === CHANNEL && bytes.length > 0) this.#channel = channelName(bytes);
  }
}

/** A channel's name as text, or null when it cannot be one (Fabric's configtx validator: lower-case letters, digits, dots and dashes; 1.0 allowed more). */
export function channelName(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || bytes.length > 249) return null;
  for (const byte of bytes) if (byte < 0x21 || byte > 0x7e) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
