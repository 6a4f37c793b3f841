import type { ObservedConnection } from '../../src/events/connection.js';
import type { Passage, PlaintextFacts, PlaintextMessage, Telling } from '../../src/events/plaintext-message.js';
import type { ConnectionFacts } from '../../src/reconstruct/connectivity.js';
import { at, buildConnection } from './timeline-builder.js';

type Body = PlaintextMessage extends infer M ? (M extends PlaintextMessage ? Omit<M, keyof Passage> : never) : never;

/** A message that one side sent at a second; frame numbers are tenths of seconds. */
export function said(from: 'client' | 'server', second: number, body: Body, bytes = 1000): PlaintextMessage {
  const frame = Math.round(second * 10) + 1;
  return { from, stream: 3, firstAt: at(second), lastAt: at(second), firstFrame: frame, lastFrame: frame, bytes, ...body } as PlaintextMessage;
}

export function telling(
  from: 'client' | 'server',
  about: Telling['about'],
  pkiId: string,
  channel: string | null,
  first: number,
  last: number,
): Telling {
  const frame = (second: number): number => Math.round(second * 10) + 1;
  return { from, about, pkiId, channel, firstAt: at(first), lastAt: at(last), firstFrame: frame(first), lastFrame: frame(last), messages: 2 };
}

/** A plaintext connection between two named nodes. */
export function buildPlaintext(
  from: string,
  to: string,
  start: number,
  end: number,
  facts: Partial<PlaintextFacts>,
  parts: Partial<ObservedConnection> = {},
): ConnectionFacts {
  const plaintext: PlaintextFacts = {
    authority: null,
    clientPkiId: null,
    serverPkiId: null,
    messages: [],
    counts: [],
    tellings: [],
    channels: [],
    ...facts,
  };
  const observed = buildConnection('10.0.0.1', '10.0.0.2', start, end, { tls: 'none', protocol: 'http2', plaintext, ...parts });
  return { from, to, observed, evidence: [{ source: observed.source, frame: observed.firstFrame }] };
}
