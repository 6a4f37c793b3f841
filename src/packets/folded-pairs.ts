import type { FoldedConnections } from '../events/connection.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import type { ConnectionFacts } from './connection.js';
import { TrafficLog } from './traffic.js';

/** Connections that live no longer are probes, pings and calls of clients: each says as little as the next. */
const SHORT_LIVED_MICROS = 60_000_000;
/** Steps of one sum's traffic; beyond, they get wider. */
const MOST_STEPS = 1024;

interface Sum {
  readonly one: ConnectionFacts;
  connections: number;
  firstAt: Instant;
  firstFrame: number;
  lastAt: Instant;
  lastFrame: number;
  fromClient: number;
  fromServer: number;
  readonly traffic: TrafficLog;
}

/**
 * Which short connections between the same two are still told one by one, and the sums of those that are not. Two are the same where addresses, the server's port, the names
 * that were shown, the protocol and the outcome are: what folding takes away is told again by those that stay.
 */
export class FoldedPairs {
  readonly #mostPairs: number;
  readonly #mostKept: number;
  /** The places of a pair's short connections that are told one by one, oldest first. */
  readonly #kept = new Map<string, number[]>();
  readonly #sums = new Map<string, Sum>();

  constructor(mostPairs: number, mostKept: number) {
    this.#mostPairs = mostPairs;
    this.#mostKept = mostKept;
  }

  /** A connection is over and stands at `place`. Returns the place of one that is to be folded instead of being told, or -1. */
  keep(facts: ConnectionFacts, place: number): number {
    if (facts.lastAt - facts.firstAt > SHORT_LIVED_MICROS) return -1;
    const key = keyOf(facts);
    const kept = this.#kept.get(key);
    if (kept === undefined) {
      this.#kept.set(key, [place]);
      return -1;
    }
    kept.push(place);
    return kept.length > this.#mostKept ? (kept.shift() as number) : -1;
  }

  /** The connection at `place`, with these facts, is no longer told. */
  forget(facts: ConnectionFacts, place: number): void {
    const key = keyOf(facts);
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    const at = kept.indexOf(place);
    if (at >= 0) kept.splice(at, 1);
    if (kept.length === 0) this.#kept.delete(key);
  }

  /** Adds a connection to its pair's sum. False when there are too many pairs. */
  fold(facts: ConnectionFacts): boolean {
    const key = keyOf(facts);
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      if (this.#sums.size >= this.#mostPairs) return false;
      const { firstAt, firstFrame, lastAt, lastFrame } = facts;
      const traffic = new TrafficLog({ mostSteps: MOST_STEPS });
      sum = { one: facts, connections: 0, firstAt, firstFrame, lastAt, lastFrame, fromClient: 0, fromServer: 0, traffic };
      this.#sums.set(key, sum);
    }
    sum.connections += 1;
    sum.firstAt = instantOfMicros(Math.min(sum.firstAt, facts.firstAt));
    sum.firstFrame = Math.min(sum.firstFrame, facts.firstFrame);
    sum.lastAt = instantOfMicros(Math.max(sum.lastAt, facts.lastAt));
    sum.lastFrame = Math.max(sum.lastFrame, facts.lastFrame);
    sum.fromClient += facts.payloadBytes.fromClient;
    sum.fromServer += facts.payloadBytes.fromServer;
    for (const { second, fromClient, fromServer } of facts.traffic) {
      if (fromClient > 0) sum.traffic.add(second * 1_000_000, 0, fromClient);
      if (fromServer > 0) sum.traffic.add(second * 1_000_000, 1, fromServer);
    }
    return true;
  }

  /** The sums, in the order in which pairs were first folded. */
  list(): readonly FoldedConnections[] {
    return [...this.#sums.values()].map(({ one, fromClient, fromServer, traffic, ...sum }) => ({
      source: one.source,
      client: { address: one.client.address },
      server: one.server,
      serverName: one.serverName,
      outcome: one.outcome,
      ...sum,
      payloadBytes: { fromClient, fromServer },
      traffic: traffic.steps().map(([second, client, server]) => ({ second, fromClient: client, fromServer: server })),
    }));
  }
}

function keyOf(facts: ConnectionFacts): string {
  const { client, server, serverName, serverCertificate, clientCertificate, outcome, protocol } = facts;
  const names = [serverName, serverCertificate?.commonName, clientCertificate?.commonName].map((name) => name ?? '');
  return [client.address, server.address, server.port, outcome, protocol, ...names].join('\n');
}
