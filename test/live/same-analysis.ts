import type { Analysis, Connection } from '../../src/analysis/contract.js';
import { type Instant, parseInstant } from '../../src/events/instant.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** What depends on where a fact stands and not on what it says, or is a difference of moments that are compared themselves. */
const LEFT_OUT = new Set(['evidence', 'lagMicros', 'spreadMicros', 'propagation', 'fullViewAt', 'convergedAt']);

/** What only Docker's events tell is absent from the analysis of the original, which has none; here nothing of the kind happened. */
const isUntold = (key: string, item: Json): boolean => (key === 'pauses' || key === 'disconnections') && Array.isArray(item) && item.length === 0;

export interface Translation {
  /** Milliseconds since the epoch → the same, of the recording that was played; null when nothing was printed then. */
  readonly recordedMillis: (printed: number) => number | null;
  /** Address in the replay → address in the recording. */
  readonly address: (replayed: string) => string;
}

const ADDRESS = /\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g;

const isObject = (value: Json): value is { readonly [key: string]: Json } => value !== null && typeof value === 'object' && !Array.isArray(value);

function translated(value: Json, translation: Translation): Json {
  if (Array.isArray(value)) return value.map((item: Json) => translated(item, translation));
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key, item]) => !LEFT_OUT.has(key) && !isUntold(key, item) && !(key === 'at' && value['basis'] === 'docker'))
        .map(([key, item]) => [key, translated(item, translation)]),
    );
  if (typeof value !== 'string') return value;
  if (!TIMESTAMP.test(value)) return value.replace(ADDRESS, translation.address);
  const recorded = translation.recordedMillis((parseInstant(value) as Instant) / 1000);
  return recorded === null ? 'no printed moment' : new Date(recorded).toISOString();
}

/** A channel without what the packets tell of it: a replay sends the same bytes, at moments of its own. */
function withoutWire(channel: Analysis['channels'][number]): object {
  const { wire: _, ...told } = channel;
  return {
    ...told,
    organizations: channel.organizations.map((o) => {
      const { apart: __, ...leadership } = o.leadership;
      return { ...o, leadership: { ...leadership, terms: leadership.terms.filter((t) => t.basis === 'log') } };
    }),
    blocks: channel.blocks.map(({ bytes: _bytes, ...block }) => ({
      ...block,
      copies: block.copies.map(
        ({
          transfers: _transfers,
          firstByteAt: _first,
          lastByteAt: _last,
          wireDelayMicros: _delay,
          budget: _budget,
          via: _via,
          from: _from,
          ...copy
        }) => (copy.arrivalBasis === 'log' ? copy : { ...copy, arrivedAt: null, arrivalBasis: null }),
      ),
    })),
  };
}

export interface LogFacts {
  readonly nodes: Json;
  readonly channels: Json;
  readonly gossip: Json;
  readonly raft: Json;
  readonly unplaced: Json;
}

/** What an analysis concludes from logs, moments and addresses as `translation` has them. */
export function logFacts(analysis: Analysis, translation: Translation): LogFacts {
  const { nodes, channels, gossip, ordering, unplaced } = analysis;
  const of = (value: unknown): Json => translated(JSON.parse(JSON.stringify(value)) as Json, translation);
  // Calls are dated by their end minus the duration that Fabric printed, which the replay leaves as it was.
  const undated = (items: readonly { readonly at: string }[]): readonly string[] =>
    items.map(({ at: _, ...rest }) => JSON.stringify(of(rest))).sort();
  return {
    nodes: of(nodes),
    channels: of(channels.map(withoutWire)),
    gossip: { bootstrapAttempts: undated(gossip.bootstrapAttempts), contacts: undated(gossip.contacts), suspicions: of(gossip.suspicions) },
    raft: of(ordering.raft),
    unplaced: of(unplaced),
  };
}

/** Connections without their moments, sorted: who spoke with whom, how, how much. */
export function wireFacts(connections: readonly Connection[]): readonly string[] {
  return connections.map((c) => `${c.from} > ${c.to} ${c.outcome} TLS ${c.tls} ${c.bytes.there}/${c.bytes.back}`).sort();
}
