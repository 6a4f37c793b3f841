import { instantOfMicros } from '../events/instant.js';
import {
  type Passage,
  PLAINTEXT_KINDS,
  type PlaintextCount,
  type PlaintextFacts,
  type PlaintextKind,
  type PlaintextMessage,
  type Telling,
} from '../events/plaintext-message.js';
import { unboxed } from './byte-order.js';
import type { Side } from './conversation.js';
import type { PlaintextLedger, Receiver } from './plaintext-ledger.js';

/** When and where the message at hand passed. One object per connection, rewritten for every message. */
export interface Moment {
  side: Side;
  stream: number;
  firstMicros: number;
  lastMicros: number;
  firstFrame: number;
  lastFrame: number;
  bytes: number;
}

/** A message without what a {@link Moment} tells of it. */
export type MessageBody = PlaintextMessage extends infer M ? (M extends PlaintextMessage ? Omit<M, keyof Passage> : never) : never;

interface KeptMessage {
  readonly side: Side;
  readonly message: PlaintextMessage;
}

interface KeptTelling {
  readonly about: Telling['about'];
  readonly pkiId: string;
  readonly channel: string | null;
  readonly firstMicros: number;
  readonly firstFrame: number;
  lastMicros: number;
  lastFrame: number;
  messages: number;
}

const KIND_INDEX: Readonly<Record<PlaintextKind, number>> = Object.fromEntries(PLAINTEXT_KINDS.map((kind, i) => [kind, i])) as Record<
  PlaintextKind,
  number
>;

const NOTHING: readonly never[] = [];

/** Collects what is kept of one plaintext connection. Sides become client and server when it is told. */
export class PlaintextRecord {
  readonly #ledger: PlaintextLedger;
  readonly #addressOf: (side: Side) => string;
  readonly #messages: KeptMessage[] = [];
  readonly #tellings: [Map<string, KeptTelling>, Map<string, KeptTelling>] = [new Map(), new Map()];
  /** Messages and bytes by side and kind. */
  readonly #counts: (number[] | null)[] = [null, null];
  readonly #pkiIds: [string | null, string | null] = [null, null];
  readonly #receivers: [Receiver | null, Receiver | null] = [null, null];
  readonly #channels = new Set<string>();
  authority: string | null = null;

  constructor(ledger: PlaintextLedger, addressOf: (side: Side) => string) {
    this.#ledger = ledger;
    this.#addressOf = addressOf;
  }

  count(side: Side, kind: PlaintextKind, messages: number, bytes: number): void {
    let counts = this.#counts[side];
    if (counts === null || counts === undefined) {
      counts = new Array(2 * PLAINTEXT_KINDS.length).fill(0);
      this.#counts[side] = counts;
    }
    const at = 2 * KIND_INDEX[kind];
    counts[at] = (counts[at] as number) + messages;
    counts[at + 1] = (counts[at + 1] as number) + bytes;
  }

  /** Keeps a message, where there is room. */
  keep(moment: Moment, body: MessageBody): void {
    if (!this.#ledger.mayKeepMessage()) return;
    // `from` is set when client and server are known.
    const message = {
      ...body,
      from: 'client',
      stream: moment.stream,
      firstAt: instantOfMicros(moment.firstMicros),
      lastAt: instantOfMicros(moment.lastMicros),
      firstFrame: moment.firstFrame,
      lastFrame: moment.lastFrame,
      bytes: moment.bytes,
    } as PlaintextMessage;
    this.#messages.push({ side: moment.side, message });
  }

  /** Notes that `moment`'s side told the other of a subject. `key` is the same for the same subject. */
  tell(moment: Moment, key: string, about: Telling['about'], pkiId: string, channel: string | null): void {
    const tellings = this.#tellings[moment.side];
    const known = tellings.get(key);
    if (known !== undefined) {
      if (moment.lastMicros > known.lastMicros) known.lastMicros = moment.lastMicros;
      known.lastFrame = moment.lastFrame;
      known.messages += 1;
    } else if (this.#ledger.mayKeepTelling()) {
      tellings.set(key, {
        about,
        pkiId,
        channel,
        firstMicros: moment.lastMicros,
        firstFrame: moment.lastFrame,
        lastMicros: moment.lastMicros,
        lastFrame: moment.lastFrame,
        messages: 1,
      });
    }
  }

  noteChannel(channel: string): void {
    if (this.#channels.size < this.#ledger.limits.maxChannelsPerConnection) this.#channels.add(channel);
  }

  pkiIdOf(side: Side): string | null {
    return this.#pkiIds[side];
  }

  /** Learns who is at `side`; the first word holds. */
  introduce(side: Side, pkiId: string): void {
    if (this.#pkiIds[side] !== null) return;
    this.#pkiIds[side] = pkiId;
    this.#receivers[side] = this.#ledger.receiver(pkiId);
  }

  /** Who is told by what reaches `side`. */
  receiverAt(side: Side): Receiver {
    const known = this.#receivers[side];
    if (known !== null) return known;
    const receiver = this.#ledger.receiver(this.#addressOf(side));
    this.#receivers[side] = receiver;
    return receiver;
  }

  /** What was kept so far, for which side is the server. */
  facts(server: Side): PlaintextFacts {
    const sides: readonly Side[] = server === 1 ? [0, 1] : [1, 0];
    const isEmpty = this.#tellings[0].size + this.#tellings[1].size === 0;
    return {
      authority: this.authority,
      clientPkiId: this.#pkiIds[server === 0 ? 1 : 0],
      serverPkiId: this.#pkiIds[server],
      // A capture has thousands of connections that tell nothing: they share what is empty.
      messages:
        this.#messages.length === 0
          ? NOTHING
          : this.#messages.map(({ side, message }) => (side === server ? { ...message, from: 'server' as const } : message)),
      counts: sides.flatMap((side) => this.#countsOf(side, side === server ? 'server' : 'client')),
      tellings: isEmpty ? NOTHING : sides.flatMap((side) => this.#tellingsOf(side, side === server ? 'server' : 'client')),
      channels: this.#channels.size === 0 ? NOTHING : [...this.#channels].sort(),
    };
  }

  #tellingsOf(side: Side, from: 'client' | 'server'): readonly Telling[] {
    return [...this.#tellings[side].values()].map((t) => ({
      from,
      about: t.about,
      pkiId: t.pkiId,
      channel: t.channel,
      firstAt: instantOfMicros(t.firstMicros),
      lastAt: instantOfMicros(t.lastMicros),
      firstFrame: unboxed(t.firstFrame),
      lastFrame: unboxed(t.lastFrame),
      messages: unboxed(t.messages),
    }));
  }

  #countsOf(side: Side, from: 'client' | 'server'): readonly PlaintextCount[] {
    const counts = this.#counts[side] ?? [];
    return PLAINTEXT_KINDS.flatMap((kind, i) => {
      const messages = counts[2 * i] ?? 0;
      const bytes = counts[2 * i + 1] ?? 0;
      return messages + bytes === 0 ? [] : [{ from, kind, messages: unboxed(messages), bytes: unboxed(bytes) }];
    });
  }
}
