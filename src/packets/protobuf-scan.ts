import { u8 } from './byte-order.js';
import { FIRST_CONTENT_FIELD, LAST_CONTENT_FIELD } from './gossip-messages.js';

/** Goes through the fields of a protobuf message that lies in one piece, one level deep. */
export class FieldScan {
  readonly #data: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The field's number; 0 before the first. */
  number = 0;
  wireType = 0;
  /** The varint's value, to the nearest number. */
  value = 0;
  /** Where a length-delimited field's content is. */
  start = 0;
  end = 0;
  isMalformed = false;

  constructor(data: Uint8Array, start: number, end: number) {
    this.#data = data;
    this.#at = start;
    this.#end = end;
  }

  /** Steps to the next field. False at the end, and where there is none: then `isMalformed`. */
  next(): boolean {
    if (this.#at >= this.#end || this.isMalformed) return false;
    const tag = this.#varint();
    this.number = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.number === 0) return this.#fail();
    if (this.wireType === 0) {
      this.value = this.#varint();
      return !this.isMalformed;
    }
    let length = 0;
    if (this.wireType === 2) length = this.#varint();
    else if (this.wireType === 1) length = 8;
    else if (this.wireType === 5) length = 4;
    else return this.#fail();
    if (this.isMalformed || length > this.#end - this.#at) return this.#fail();
    this.start = this.#at;
    this.end = this.#at + length;
    this.#at = this.end;
    return true;
  }

  #fail(): false {
    this.isMalformed = true;
    return false;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10 && this.#at < this.#end; i++) {
      const byte = u8(this.#data, this.#at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.isMalformed = true;
    return 0;
  }
}

/** Where a gossip message's parts are, found without decoding them. One object, rewritten by every scan. */
export interface GossipPlaces {
  payloadStart: number;
  payloadEnd: number;
  channelStart: number;
  channelEnd: number;
  /** Of the secret envelope; -1 where there is none. */
  secretStart: number;
  secretEnd: number;
  contentField: number;
}

/** The last of GossipMessage's tags, CHAN_OR_ORG. */
const LAST_TAG = 5;
/** An ECDSA signature in DER, P-384's too; Ed25519's is shorter. */
const MAX_SIGNATURE_BYTES = 160;

/**
 * Fills in where the parts of an Envelope are that holds a GossipMessage. False when the bytes are anything else: fields of other numbers or types, no content or
 * several, bytes left over.
 */
export function scanGossip(data: Uint8Array, start: number, end: number, places: GossipPlaces): boolean {
  return scanEnvelope(new FieldScan(data, start, end), places) && scanMessage(new FieldScan(data, places.payloadStart, places.payloadEnd), places);
}

function scanEnvelope(envelope: FieldScan, places: GossipPlaces): boolean {
  places.payloadStart = -1;
  places.secretStart = -1;
  while (envelope.next()) {
    const { number, wireType, start, end } = envelope;
    if (wireType !== 2 || number > 3) return false;
    if (number === 1) {
      if (places.payloadStart >= 0) return false;
      places.payloadStart = start;
      places.payloadEnd = end;
    } else if (number === 3) {
      places.secretStart = start;
      places.secretEnd = end;
    } else if (end - start > MAX_SIGNATURE_BYTES) return false;
  }
  return !envelope.isMalformed && places.payloadStart >= 0;
}

function scanMessage(message: FieldScan, places: GossipPlaces): boolean {
  places.contentField = 0;
  places.channelStart = 0;
  places.channelEnd = 0;
  while (message.next()) {
    const { number, wireType } = message;
    const isNumber = number === 1 || number === 3;
    if (wireType !== (isNumber ? 0 : 2)) return false;
    if (number === 3 && message.value > LAST_TAG) return false;
    if (number === 2) {
      places.channelStart = message.start;
      places.channelEnd = message.end;
    } else if (!isNumber) {
      if (number < FIRST_CONTENT_FIELD || number > LAST_CONTENT_FIELD || places.contentField !== 0) return false;
      places.contentField = number;
    }
  }
  return !message.isMalformed && places.contentField !== 0;
}
