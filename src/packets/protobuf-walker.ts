import { u8 } from './byte-order.js';

/** What is wanted of a message: fields by their numbers; all others are passed over unread. */
export type MessageShape = ReadonlyMap<number, FieldShape>;

export type FieldShape =
  | { readonly kind: 'message'; readonly id: number; readonly shape: MessageShape }
  /** A length-delimited field whose length alone matters. */
  | { readonly kind: 'length'; readonly id: number }
  | { readonly kind: 'number'; readonly id: number }
  | { readonly kind: 'text'; readonly id: number };

/** Told of the wanted fields in the order of their bytes. */
export interface FieldListener {
  /** A message begins. Returns whether its fields are wanted. */
  enter(id: number, length: number): boolean;
  leave(id: number): void;
  length(id: number, length: number): void;
  /** A varint; where it is above 2^53 the nearest number. */
  number(id: number, value: number): void;
  text(id: number, bytes: Uint8Array): void;
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** What the next byte is. */
const TAG = 0;
const NUMBER = 1;
const LENGTH = 2;
const CONTENT = 3;
const TEXT = 4;
const BROKEN = 5;

const MAX_VARINT_BYTES = 10;
/** Longer text is passed over: channel names have up to 249 characters (Fabric's configtx validator). */
const MAX_TEXT_BYTES = 256;
const MAX_FIELD_NUMBER = 536_870_911;

/**
 * Reads the skeleton of a protobuf message (protobuf.dev, "Encoding") that comes in pieces of any size, in constant memory: descends into the wanted fields and jumps
 * over the rest, also where bytes of it are missing. So a block's number and size are known however large it is.
 */
export class ProtobufWalker {
  readonly #listener: FieldListener;
  /** The messages one is in, outermost first: what is wanted of each, where it ends, its id (-1: the outermost). */
  readonly #shapes: MessageShape[];
  readonly #ends: number[];
  readonly #ids: number[];
  #at = 0;
  #state = TAG;
  #value = 0;
  #scale = 1;
  #varintBytes = 0;
  #field: FieldShape | undefined = undefined;
  #left = 0;
  #text: Uint8Array | null = null;

  constructor(shape: MessageShape, length: number, listener: FieldListener) {
    this.#listener = listener;
    this.#shapes = [shape];
    this.#ends = [length];
    this.#ids = [-1];
  }

  /** Whether something contradicted itself or was missing where it matters; what was told before holds. */
  get isBroken(): boolean {
    return this.#state === BROKEN;
  }

  /** Whether the message was read to its end. */
  get isComplete(): boolean {
    return this.#state === TAG && this.#ends.length === 1 && this.#varintBytes === 0 && this.#at === this.#ends[0];
  }

  feed(data: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state !== BROKEN) {
      if (this.#state === CONTENT) {
        const bytes = Math.min(this.#left, end - at);
        at += bytes;
        this.#passContent(bytes);
      } else if (this.#state === TEXT) {
        const bytes = Math.min(this.#left, end - at);
        const text = this.#text as Uint8Array;
        text.set(data.subarray(at, at + bytes), text.length - this.#left);
        at += bytes;
        this.#passContent(bytes);
      } else {
        this.#at += 1;
        this.#takeVarintByte(u8(data, at));
        at += 1;
      }
    }
  }

  /** So many bytes of the message are missing. */
  miss(bytes: number): void {
    if (this.#state === CONTENT && bytes <= this.#left) this.#passContent(bytes);
    else if (bytes > 0) this.#state = BROKEN;
  }

  #passContent(bytes: number): void {
    this.#left -= bytes;
    this.#at += bytes;
    if (this.#left > 0) return;
    if (this.#state === TEXT && this.#field !== undefined) this.#listener.text(this.#field.id, this.#text as Uint8Array);
    this.#text = null;
    this.#endField();
  }

  /** A field is over: so are the messages that end with it. */
  #endField(): void {
    this.#state = TAG;
    while (this.#ends.length > 1 && this.#ends[this.#ends.length - 1] === this.#at) {
      this.#ends.pop();
      this.#shapes.pop();
      this.#listener.leave(this.#ids.pop() as number);
    }
  }

  #takeVarintByte(byte: number): void {
    this.#value += (byte & 0x7f) * this.#scale;
    this.#scale *= 128;
    this.#varintBytes += 1;
    const end = this.#ends[this.#ends.length - 1] as number;
    if (byte >= 0x80) {
      if (this.#varintBytes >= MAX_VARINT_BYTES || this.#at >= end) this.#state = BROKEN;
      return;
    }
    const value = this.#value;
    this.#value = 0;
    this.#scale = 1;
    this.#varintBytes = 0;
    if (this.#state === TAG) this.#takeTag(value, end);
    else if (this.#state === NUMBER) {
      if (this.#field !== undefined) this.#listener.number(this.#field.id, value);
      this.#endField();
    } else this.#takeLength(value, end);
  }

  #takeTag(tag: number, end: number): void {
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number === 0 || number > MAX_FIELD_NUMBER || this.#at >= end) {
      this.#state = BROKEN;
      return;
    }
    this.#field = (this.#shapes[this.#shapes.length - 1] as MessageShape).get(number);
    if (wireType === VARINT) {
      if (this.#field?.kind !== 'number') this.#field = undefined;
      this.#state = NUMBER;
    } else if (wireType === DELIMITED) {
      if (this.#field?.kind === 'number') this.#field = undefined;
      this.#state = LENGTH;
    } else if (wireType === FIXED64 || wireType === FIXED32) {
      this.#field = undefined;
      this.#beginContent(wireType === FIXED64 ? 8 : 4, end);
    } else this.#state = BROKEN;
  }

  #takeLength(length: number, end: number): void {
    const field = this.#field;
    if (this.#at + length > end) {
      this.#state = BROKEN;
      return;
    }
    if (field?.kind === 'message') {
      if (this.#listener.enter(field.id, length)) {
        this.#shapes.push(field.shape);
        this.#ends.push(this.#at + length);
        this.#ids.push(field.id);
        this.#endField();
        return;
      }
    } else if (field?.kind === 'length') this.#listener.length(field.id, length);
    else if (field?.kind === 'text' && length <= MAX_TEXT_BYTES) {
      this.#text = new Uint8Array(length);
      this.#left = length;
      this.#state = TEXT;
      if (length === 0) this.#passContent(0);
      return;
    }
    this.#beginContent(length, end);
  }

  #beginContent(length: number, end: number): void {
    if (this.#at + length > end) {
      this.#state = BROKEN;
      return;
    }
    this.#left = length;
    this.#state = CONTENT;
    if (length === 0) this.#passContent(0);
  }
}
