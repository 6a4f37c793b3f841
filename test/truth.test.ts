import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Analysis } from '../src/analysis/contract.js';
import { analyzePaths, recordings } from './recordings.js';

/** What plain regular expressions find in the peers' own logs, kept beside each recording. */
interface Truth {
  readonly peers: Readonly<
    Record<
      string,
      { readonly starts: readonly string[]; readonly mspId?: string; readonly version: string; readonly endpoint?: string; readonly pkiId?: string }
    >
  >;
  readonly leadership: readonly {
    readonly channel: string;
    readonly mspId?: string;
    readonly peer: string;
    readonly from: string;
    readonly toFrom?: string;
    readonly toUntil?: string;
    readonly endedBy: string;
  }[];
  readonly views: readonly {
    readonly channel: string;
    readonly observer: string;
    readonly at: string;
    readonly online: readonly string[];
    readonly offline: readonly string[];
    readonly members: readonly string[];
  }[];
  readonly blocks: Readonly<
    Record<
      string,
      Readonly<
        Record<string, Readonly<Record<string, { readonly receivedAt?: string; readonly committedAt?: string; readonly transactions?: number }>>>
      >
    >
  >;
  readonly deliverStarts?: readonly { readonly peer: string; readonly at: string }[];
  readonly unreachable?: readonly { readonly peer: string; readonly at: string; readonly target: string }[];
}

const millis = (text: string): string => text.slice(0, 23);

for (const { name, path } of recordings().filter((r) => existsSync(join(r.path, 'truth.json')))) {
  describe(`what is known to have happened in ${name}`, () => {
    let analysis: Analysis;
    const truth = JSON.parse(readFileSync(join(path, 'truth.json'), 'utf8')) as Truth;
    const nodeOf = (endpoint: string): string => analysis.nodes.find((n) => n.endpoint === endpoint)?.name ?? endpoint;
    before(async () => {
      analysis = await analyzePaths([path]);
    });

    test('every peer, its identity and its starts, and no peer that is not there', () => {
      const peers = analysis.nodes.filter((n) => n.kind === 'peer');
      assert.deepEqual(
        peers.map((p) => p.name),
        Object.keys(truth.peers).sort(),
      );
      for (const peer of peers) {
        const known = truth.peers[peer.name];
        assert.equal(peer.fabricVersion, known?.version);
        if (known?.mspId !== undefined) assert.equal(peer.mspId, known.mspId);
        if (known?.pkiId !== undefined) assert.deepEqual([peer.pkiId, peer.endpoint], [known.pkiId, known.endpoint]);
        assert.deepEqual(
          peer.starts.map((s) => millis(s.at)),
          known?.starts.map(millis),
        );
      }
    });

    test('every term of every leader, and none else', () => {
      const terms = analysis.channels.flatMap((c) =>
        c.organizations.flatMap((o) => o.leadership.terms.filter((t) => t.basis === 'log').map((t) => ({ ...t, channel: c.name, mspId: o.mspId }))),
      );
      assert.equal(terms.length, truth.leadership.length);
      for (const t of truth.leadership) {
        const term = terms.find((x) => x.peer === t.peer && x.channel === t.channel && millis(x.from) === millis(t.from));
        assert.equal(term?.endedBy, t.endedBy, `${t.peer} from ${t.from}`);
        if (t.mspId !== undefined) assert.equal(term?.mspId, t.mspId);
        if (t.toFrom === undefined || t.toUntil === undefined) continue;
        // A stop has several first words ("Stopping chain", "Stopping leader election"); any of them is its moment.
        const tolerance = t.endedBy === 'stopped' ? 1000 : 0;
        const to = Date.parse(millis(term?.to ?? '') + 'Z');
        assert.ok(to >= Date.parse(t.toFrom) - tolerance && to <= Date.parse(t.toUntil) + tolerance, `${t.peer} until ${term?.to}`);
      }
    });

    test('every membership change with its whole view', () => {
      const changes = analysis.channels.flatMap((c) =>
        c.membership.changes.map((x) => ({
          channel: c.name,
          observer: x.observer,
          at: millis(x.at),
          online: x.online,
          offline: x.offline,
          members: x.members,
        })),
      );
      const sorted = (endpoints: readonly string[]): readonly string[] => endpoints.map(nodeOf).sort();
      const expected = truth.views.map((v) => ({
        channel: v.channel,
        observer: v.observer,
        at: millis(v.at),
        online: sorted(v.online),
        offline: sorted(v.offline),
        members: sorted(v.members),
      }));
      const key = (x: { readonly at: string; readonly observer: string }): string => `${x.at} ${x.observer}`;
      assert.deepEqual(
        [...changes].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
        [...expected].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
      );
    });

    test('when each peer received and committed each block, and no block that is not there', () => {
      for (const [channel, blocks] of Object.entries(truth.blocks)) {
        const said = analysis.channels.find((c) => c.name === channel)?.blocks ?? [];
        assert.deepEqual(
          said.map((b) => b.number),
          Object.keys(blocks)
            .map(Number)
            .sort((a, b) => a - b),
        );
        for (const block of said) {
          for (const [peer, known] of Object.entries(blocks[block.number] ?? {})) {
            const copy = block.copies.find((c) => c.peer === peer);
            if (known.receivedAt !== undefined)
              assert.equal(millis(copy?.receivedAt ?? ''), millis(known.receivedAt), `block ${block.number} at ${peer}`);
            if (known.committedAt !== undefined)
              assert.equal(millis(copy?.committedAt ?? ''), millis(known.committedAt), `block ${block.number} at ${peer}`);
            if (known.transactions !== undefined) assert.equal(block.transactions, known.transactions);
          }
        }
      }
    });

    test('who could not be reached, and when block streams were opened', () => {
      const failed = analysis.gossip.bootstrapAttempts.filter((a) => a.outcome === 'unreachable').map((a) => `${millis(a.at)} ${a.peer} ${a.target}`);
      for (const u of truth.unreachable ?? [])
        assert.ok(failed.includes(`${millis(u.at)} ${u.peer} ${u.target}`), `${u.peer} → ${u.target} at ${u.at}`);
      for (const d of truth.deliverStarts ?? []) {
        assert.ok(
          analysis.ordering.deliverStreams.some(
            (s) => s.basis === 'log' && s.peer === d.peer && s.openedAt !== null && millis(s.openedAt) === millis(d.at),
          ),
          `${d.peer} at ${d.at}`,
        );
      }
    });
  });
}
