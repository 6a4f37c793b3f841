import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Analysis } from '../src/analysis/contract.js';
import type { Evidence } from '../src/events/evidence.js';
import { analyzePaths, recordings } from './recordings.js';

const ESCAPES = /\x1b\[[\d;]*m|\\u001b\[[\d;]*m/g;

/** The physical lines of a text source, colours removed. */
function linesOf(folder: string, source: string): readonly string[] {
  const bytes = readFileSync(join(folder, source));
  return (source.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').replaceAll(ESCAPES, '').split('\n');
}

interface Cited {
  readonly what: string;
  readonly evidence: readonly Evidence[];
  /** At least one cited place shows each of these. */
  readonly shows: readonly (string | RegExp)[];
}

/** A moment as a log line writes it: the clock of the console layouts, or JSON's seconds since the epoch. */
function clock(timestamp: string): RegExp {
  const seconds = Math.floor(Date.parse(`${timestamp.slice(0, 19)}Z`) / 1000);
  const decimals = timestamp.slice(20, 26).replace(/0+$/, '');
  return new RegExp(`${timestamp.slice(11, 23).replace('.', '\\.')}|"ts":${seconds}\\.${decimals}`);
}
const hostOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '');

/** Every fact of an analysis with what its places must show. */
function factsOf(a: Analysis): readonly Cited[] {
  const idOf = (name: string): RegExp => {
    const node = a.nodes.find((n) => n.name === name);
    const bytes = node?.pkiId
      ?.match(/../g)
      ?.map((h) => Number.parseInt(h, 16))
      .join(' ');
    return new RegExp(
      [name, node?.endpoint, node?.pkiId, bytes]
        .filter((x) => x != null && x !== '')
        .map((x) => (x as string).replaceAll('.', '\\.'))
        .join('|'),
    );
  };
  const addressesOf = (name: string): RegExp =>
    new RegExp([name, ...(a.nodes.find((n) => n.name === name)?.addresses ?? [])].map((x) => x.replaceAll('.', '\\.')).join('|'));
  return [
    ...a.nodes.flatMap((n) =>
      n.starts.map((s) => ({
        what: `start of ${n.name}`,
        evidence: s.evidence,
        shows: s.basis === 'log' ? [clock(s.at), /Starting (?:peer|orderer)|INFO 0*1\b| 0001 /] : ['StartedAt'],
      })),
    ),
    ...a.nodes.flatMap((n) =>
      n.stops.map((s) => ({
        what: `stop of ${n.name}`,
        evidence: s.evidence,
        shows: s.basis === 'docker' ? ['FinishedAt'] : s.basis === 'packets' ? [] : [clock(s.at)],
      })),
    ),
    ...a.channels.flatMap((c) => [
      ...c.peers.map((p) => ({
        what: `join of ${p.peer}`,
        evidence: p.evidence,
        shows: [c.name ?? '', ...(p.joinedAt === null ? [] : [clock(p.joinedAt)])],
      })),
      ...c.organizations.flatMap((o) => [
        ...o.anchorPeers.map((x) => ({
          what: `anchor ${x.endpoint}`,
          evidence: x.evidence,
          shows: [hostOf(x.endpoint), 'anchor peers of', ...Object.values(x.learnedAt).map(clock)],
        })),
        ...o.leadership.terms.map((t) => ({
          what: `term of ${t.peer}`,
          evidence: t.evidence,
          shows:
            t.basis === 'log'
              ? [
                  clock(t.from),
                  /Becoming a leader|Elected as a leader/,
                  ...(t.endedBy === 'renounced' ? [/Stopped being a leader|Renounced/, clock(t.to ?? '')] : []),
                ]
              : [clock(t.from), ...(t.endedBy === 'renounced' ? [clock(t.to ?? '')] : [])],
        })),
        ...o.leadership.followers.map((f) => ({
          what: `follower ${f.peer}`,
          evidence: f.evidence,
          shows: [clock(f.at), 'Some peer is already a leader'],
        })),
        ...o.leadership.overlaps.map((x) => ({ what: 'overlap', evidence: x.evidence, shows: [clock(x.from)] })),
        ...o.leadership.leaderless.map((x) => ({ what: 'leaderless span', evidence: x.evidence, shows: [] })),
      ]),
      ...c.membership.changes.map((x) => ({
        what: `view of ${x.observer}`,
        evidence: x.evidence,
        shows: [clock(x.at), 'Membership view has changed', ...[...x.online, ...x.offline].map(idOf)],
      })),
      ...c.blocks.flatMap((b) =>
        b.copies.map((x) => ({
          what: `block ${b.number} at ${x.peer}`,
          evidence: x.evidence,
          shows: [`[${b.number}]`, ...[x.receivedAt, x.validatedAt, x.committedAt, x.arrivedAt].filter((t) => t !== null).map(clock)],
        })),
      ),
      ...c.blocks.flatMap((b) =>
        b.copies.flatMap((x) =>
          x.transfers.map((t) => ({
            what: `block ${b.number} from ${t.from} to ${x.peer}`,
            evidence: t.evidence,
            shows: [addressesOf(t.from), addressesOf(x.peer), clock(t.firstByteAt), clock(t.lastByteAt)],
          })),
        ),
      ),
      ...c.blocks.flatMap((b) =>
        b.ordered === null ? [] : [{ what: `block ${b.number} ordered`, evidence: b.ordered.evidence, shows: [`[${b.number}]`] }],
      ),
    ]),
    ...a.gossip.bootstrapAttempts.map((x) => ({
      what: `attempt of ${x.peer} at ${x.target}`,
      evidence: x.evidence,
      shows:
        x.outcome === 'unreachable'
          ? [clock(x.at), hostOf(x.target)]
          : x.outcome === 'connected'
            ? [new RegExp(`${addressesOf(x.peer).source}|probed`)]
            : [],
    })),
    ...a.gossip.suspicions.map((x) => ({
      what: `suspicion of ${x.observer} about ${x.subject}`,
      evidence: x.evidence,
      shows: [clock(x.at), idOf(x.subject)],
    })),
    ...a.gossip.contacts.map((x) => ({ what: `contact of ${x.from} and ${x.to}`, evidence: x.evidence, shows: [/gossip\.Gossip|probed us/] })),
    ...a.gossip.connections.map((x) => ({
      what: `connection of ${x.from} and ${x.to}`,
      evidence: x.evidence,
      shows: [addressesOf(x.from), addressesOf(x.to), ...(x.openedAt === null ? [] : [clock(x.openedAt)])],
    })),
    ...a.gossip.silentPairs.map((x) => ({ what: `silence of ${x.peers.join(' and ')}`, evidence: x.evidence, shows: x.peers.map(addressesOf) })),
    ...a.ordering.deliverStreams.map((x) => ({
      what: `stream of ${x.peer}`,
      evidence: x.evidence,
      shows: x.basis !== 'log' ? [addressesOf(x.peer)] : [/deliver|Deliver|retrieve blocks|Pulling/],
    })),
    ...a.ordering.raft.map((x) => ({ what: `Raft term ${x.term}`, evidence: x.evidence, shows: [clock(x.from)] })),
    ...a.unplaced.map((x) => ({ what: 'unplaced view', evidence: x.evidence, shows: [clock(x.at)] })),
    ...a.walkthrough.map((x) => ({ what: `sentence “${x.text}”`, evidence: x.evidence, shows: [] })),
    ...a.findings.filter((f) => f.verdict === 'found').map((x) => ({ what: `finding ${x.diagnosis}`, evidence: x.evidence, shows: [] })),
  ];
}

for (const { name, path } of recordings()) {
  describe(`evidence of ${name}`, () => {
    test('every fact has places, each place exists, and they show the fact', async () => {
      const analysis = await analyzePaths([path]);
      const cache = new Map<string, readonly string[]>();
      const textOf = (e: Evidence): string => {
        if ('frame' in e) return analysis.excerpts[e.source]?.[String(e.frame)] ?? '';
        const lines = cache.get(e.source) ?? linesOf(path, e.source);
        cache.set(e.source, lines);
        return lines[e.line - 1] ?? '';
      };
      const facts = factsOf(analysis);
      assert.ok(facts.length > 20, 'hardly any facts');
      for (const fact of facts) {
        assert.ok(fact.evidence.length > 0, `${fact.what} has no evidence`);
        const texts = fact.evidence.map(textOf);
        for (const [i, text] of texts.entries()) assert.ok(text !== '', `${fact.what}: ${JSON.stringify(fact.evidence[i])} is no place`);
        for (const shown of fact.shows) {
          const found = texts.some((t) => (typeof shown === 'string' ? t.includes(shown) : shown.test(t)));
          assert.ok(found, `${fact.what}: no cited place shows ${shown}:\n${texts.join('\n')}`);
        }
      }
    });

    test('the excerpts are what stands at their places', async () => {
      const analysis = await analyzePaths([path]);
      for (const [source, places] of Object.entries(analysis.excerpts)) {
        if (!existsSync(join(path, source)) || /\.pcap/.test(source) || source.startsWith('docker/')) continue;
        const lines = linesOf(path, source);
        for (const [line, text] of Object.entries(places)) {
          const actual = lines[Number(line) - 1] ?? '';
          assert.ok(actual.endsWith(text) || actual.includes(text.slice(0, 200)), `${source}:${line}: ${text}`);
        }
      }
    });
  });
}
