import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bytesOf, pcapngBlocks } from './builders/capture-builder.js';
import { ROOT } from './recordings.js';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
/** Ethernet, IPv4 and TCP with time stamps. */
const HEADER_BYTES = 66;

/** Frames that belong together, as they were captured. */
export interface FuzzSeed {
  readonly name: string;
  readonly seconds: number;
  readonly frames: readonly Uint8Array[];
}

const CAPTURES = ['byfn-fabric-2.2', 'byfn-up-chaincode', 'byfn-plaintext-debug'] as const;
const CONVERSATIONS = 24;
const FRAMES = 14;
/** A longer frame is one of many writes; what is read of it is at its beginning. */
const MOST_FRAME_BYTES = 1600;
/** Times so far into a recording begin further seeds: streams in their middle. */
const MIDDLES = [0.3, 0.5, 0.7, 0.9] as const;

/** The beginnings of real conversations (handshakes with certificates; HTTP/2 with gossip in it), and pieces from the middle of recordings. */
export function fuzzSeeds(): readonly FuzzSeed[] {
  return CAPTURES.flatMap((name) => {
    const folder = join(ROOT, 'captures', name, 'packets');
    const capture = gunzipSync(readFileSync(join(folder, readdirSync(folder)[0] ?? '')));
    const frames: Uint8Array[] = [];
    const conversations = new Map<string, Uint8Array[]>();
    for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= capture.length; ) {
      const end = at + RECORD_HEADER_BYTES + capture.readUInt32LE(at + 8);
      const frame = new Uint8Array(capture.subarray(at + RECORD_HEADER_BYTES, Math.min(end, at + RECORD_HEADER_BYTES + MOST_FRAME_BYTES)));
      at = end;
      frames.push(frame);
      const key = conversationOf(frame);
      if (key === null) continue;
      const known = conversations.get(key);
      if (known !== undefined) {
        if (known.length < FRAMES) known.push(frame);
      } else if (conversations.size < 8 * CONVERSATIONS) conversations.set(key, [frame]);
    }
    const seconds = capture.readUInt32LE(FILE_HEADER_BYTES);
    const whole = [...conversations.values()].filter((some) => some.length === FRAMES);
    const step = Math.max(1, Math.floor(whole.length / CONVERSATIONS));
    return [
      ...whole.filter((_, i) => i % step === 0).map((some, i) => ({ name: `${name}, conversation ${i}`, seconds, frames: some })),
      ...MIDDLES.map((part) => {
        const from = Math.floor(part * frames.length);
        return { name: `${name}, from frame ${from + 1}`, seconds, frames: frames.slice(from, from + FRAMES) };
      }),
    ];
  });
}

function conversationOf(frame: Uint8Array): string | null {
  const ip = ETHERNET_BYTES;
  if (frame.length < HEADER_BYTES || frame[12] !== 8 || frame[13] !== 0 || frame[ip + 9] !== 6) return null;
  const tcp = ip + ((frame[ip] as number) & 15) * 4;
  const end = (address: number, port: number): string => [...frame.subarray(address, address + 4), frame[port], frame[port + 1]].join('.');
  return [end(ip + 12, tcp), end(ip + 16, tcp + 2)].sort().join(' ');
}

/** Random numbers that depend on a seed and the number of the input alone, so that each input can be made again by itself. */
export class Dice {
  #state: number;

  constructor(seed: number, input: number) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(input + 1, 0xc2b2ae35)) | 1;
    for (let i = 0; i < 4; i++) this.below(1);
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % Math.max(1, limit);
  }

  oneIn(chances: number): boolean {
    return this.below(chances) === 0;
  }
}

/** Values at which lengths and types change their meaning. */
const TELLING_BYTES = [0, 1, 2, 3, 0x0a, 0x12, 0x16, 0x17, 0x7f, 0x80, 0xfe, 0xff];

function mutateBytes(dice: Dice, bytes: Uint8Array, from: number): Uint8Array {
  const at = from + dice.below(bytes.length - from);
  const length = 1 + dice.below(dice.oneIn(4) ? 400 : 12);
  const rest = (position: number): Uint8Array => bytes.subarray(Math.min(position, bytes.length));
  switch (dice.below(7)) {
    case 0: {
      const mutated = bytes.slice();
      mutated[at] = (mutated[at] ?? 0) ^ (1 << dice.below(8));
      return mutated;
    }
    case 1: {
      const mutated = bytes.slice();
      for (let i = at; i < Math.min(bytes.length, at + 1 + dice.below(4)); i++)
        mutated[i] = TELLING_BYTES[dice.below(TELLING_BYTES.length)] as number;
      return mutated;
    }
    case 2:
      return bytes.slice(0, at);
    case 3:
      return joined(bytes.subarray(0, at), rest(at + length));
    case 4: {
      const inserted = Uint8Array.from({ length }, () => dice.below(256));
      return joined(bytes.subarray(0, at), inserted, rest(at));
    }
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), rest(at));
    default: {
      const mutated = bytes.slice();
      mutated.copyWithin(at, from + dice.below(bytes.length - from), bytes.length);
      return mutated;
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** IPv4's length made right again: what was put in or taken out then reaches the layers above. */
function mendLength(frame: Uint8Array): void {
  if (frame.length < HEADER_BYTES || frame[12] !== 8 || frame[13] !== 0) return;
  const length = frame.length - ETHERNET_BYTES;
  frame[ETHERNET_BYTES + 2] = length >> 8;
  frame[ETHERNET_BYTES + 3] = length & 0xff;
}

/** A capture file made of a seed by up to four changes of its frames, now and then of the file too. */
export function mutatedCapture(seeds: readonly FuzzSeed[], seed: number, input: number): Uint8Array {
  const dice = new Dice(seed, input);
  const chosen = seeds[dice.below(seeds.length)] as FuzzSeed;
  const frames = [...chosen.frames];
  for (let changes = 1 + dice.below(4); changes > 0; changes--) {
    const at = dice.below(frames.length);
    const frame = frames[at];
    if (frame === undefined || frame.length === 0) break;
    const change = dice.below(12);
    if (change === 0) frames.splice(at, 1);
    else if (change === 1) frames.splice(dice.below(frames.length), 0, frame);
    else if (change === 2) frames.push(...frames.splice(at, 1 + dice.below(3)));
    else {
      const inPayload = frame.length > HEADER_BYTES && !dice.oneIn(4);
      const mutated = mutateBytes(dice, frame, inPayload ? HEADER_BYTES : 0);
      if (!dice.oneIn(4)) mendLength(mutated);
      frames[at] = mutated;
    }
  }
  const file = dice.oneIn(16) ? pcapngOf(chosen.seconds, frames) : pcapOf(chosen.seconds, frames);
  return dice.oneIn(6) ? mutateBytes(dice, file, 0) : file;
}

function pcapOf(seconds: number, frames: readonly Uint8Array[]): Uint8Array {
  const length = frames.reduce((sum, frame) => sum + RECORD_HEADER_BYTES + frame.length, FILE_HEADER_BYTES);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262_144, true);
  view.setUint32(20, 1, true);
  let at = FILE_HEADER_BYTES;
  for (const [i, frame] of frames.entries()) {
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, 500 * i, true);
    view.setUint32(at + 8, frame.length, true);
    view.setUint32(at + 12, frame.length, true);
    file.set(frame, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + frame.length;
  }
  return file;
}

function pcapngOf(seconds: number, frames: readonly Uint8Array[]): Uint8Array {
  const blocks = pcapngBlocks(false);
  const begin = BigInt(seconds) * 1_000_000n;
  return bytesOf(blocks.section(), blocks.interface(1), ...frames.map((frame, i) => blocks.enhanced(0, begin + BigInt(500 * i), frame)));
}
