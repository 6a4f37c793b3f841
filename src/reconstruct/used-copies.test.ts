import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { playGossip, readNetwork } from '../../test/builders/gossip-network.js';
import { at } from '../../test/builders/timeline-builder.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { deliverTransfers } from './ciphertext-transfers.js';
import { copyKey, usedCopies } from './used-copies.js';
import type { WireTransfer } from './wire-facts.js';

/** A transfer of block 1 that lasts a millisecond and ends at this second. */
function transfer(from: string, to: string, second: number, parts: Partial<WireTransfer> = {}): WireTransfer {
  return {
    from,
    to,
    channel: 'ch',
    group: 0,
    block: 1,
    kind: 'push',
    basis: 'packets',
    confidence: 0.998,
    firstAt: instantOfMicros(at(second) - 1000),
    lastAt: at(second),
    bytes: 5000,
    evidence: [],
    ...parts,
  };
}

/** Who `peer` has block 1 from, and how sure that is. */
function usedBy(
  peer: string,
  transfers: readonly WireTransfer[],
  received: number | null = null,
): readonly [from: string, confidence: number] | null {
  const used = usedCopies(transfers, () => (received === null ? null : at(received))).get(copyKey('ch', 0, 1, peer));
  return used === undefined ? null : [used.transfer.from, used.confidence];
}

describe('the copy that a peer used', () => {
  it('is the only one, as sure as the transfer is', () => {
    assert.deepEqual(usedBy('p', [transfer('a', 'p', 10)]), ['a', 0.998]);
    assert.deepEqual(usedBy('p', [transfer('a', 'p', 10, { confidence: 0.7 })]), ['a', 0.7]);
    assert.equal(usedBy('q', [transfer('a', 'p', 10)]), null);
  });

  it('is the first that was whole, whatever the order of their first bytes', () => {
    const early = transfer('a', 'p', 10.5, { firstAt: at(10) });
    const late = transfer('b', 'p', 10.1);
    assert.deepEqual(usedBy('p', [early, late])?.[0], 'b');
  });

  it('is less sure the nearer the next one came', () => {
    const sure = [0.0, 0.005, 0.02, 0.1, 1].map((lead) => usedBy('p', [transfer('a', 'p', 10), transfer('b', 'p', 10 + lead)])?.[1] ?? 0);
    assert.ok(
      sure.every((c, i) => i === 0 || c > (sure[i - 1] as number)),
      sure.join(' '),
    );
    assert.ok((sure[0] as number) < 0.75 && (sure[4] as number) > 0.99);
    const among = usedBy('p', [transfer('a', 'p', 10), transfer('b', 'p', 10.001), transfer('c', 'p', 10.002), transfer('d', 'p', 10.003)])?.[1] ?? 1;
    assert.ok(among < (usedBy('p', [transfer('a', 'p', 10), transfer('b', 'p', 10.001)])?.[1] ?? 0));
  });

  it('is none that came after the block had left the buffer', () => {
    const late = transfer('a', 'p', 10.3);
    assert.equal(usedBy('p', [late, transfer('b', 'p', 10.1)], 10.2)?.[0], 'b');
    // Stamps are cut off to milliseconds: what came within that one may be it.
    assert.deepEqual(usedBy('p', [transfer('a', 'p', 10.2005)], 10.2), ['a', 0.998]);
    // Where all are too late something is not as it seems.
    assert.ok((usedBy('p', [late], 10.2)?.[1] ?? 1) <= 0.8);
  });

  it('is none that came after the peer had passed the block on', () => {
    const passed = transfer('p', 'x', 10.1);
    assert.equal(usedBy('p', [passed, transfer('a', 'p', 10.08), transfer('b', 'p', 10.105)])?.[0], 'a');
    assert.ok((usedBy('p', [passed, transfer('b', 'p', 10.2)])?.[1] ?? 1) <= 0.8);
  });

  it('is none from a peer that it passed the block on to', () => {
    const copies = [transfer('a', 'p', 10), transfer('b', 'p', 10.004)];
    assert.equal(usedBy('p', copies)?.[0], 'a');
    assert.equal(usedBy('p', [...copies, transfer('p', 'a', 10.01)])?.[0], 'b');
    // A guess does not count against the first.
    assert.equal(usedBy('p', [...copies, transfer('p', 'a', 10.01, { confidence: 0.3 })])?.[0], 'a');
    // Only what is pushed is passed on: a pull is answered to anybody.
    assert.equal(usedBy('p', [...copies, transfer('p', 'a', 13, { kind: 'pull' })])?.[0], 'a');
    const only = usedBy('p', [transfer('a', 'p', 10), transfer('p', 'a', 10.01)]);
    assert.ok(only?.[0] === 'a' && only[1] <= 0.8);
  });

  it("is the orderer's where that came first; what it delivers is pushed to anybody", () => {
    const copies = [transfer('o', 'p', 10, { kind: 'deliver' }), transfer('a', 'p', 10.05)];
    assert.equal(usedBy('p', [...copies, transfer('p', 'a', 10.02)])?.[0], 'o');
    // The leader of another stream was first; that this one is served too does not make the first wrong.
    assert.equal(usedBy('p', [transfer('a', 'p', 10), transfer('o', 'p', 10.05, { kind: 'deliver' }), transfer('p', 'a', 10.08)])?.[0], 'a');
  });

  it('is told for each block, peer and channel by itself', () => {
    const used = usedCopies(
      [
        transfer('a', 'p', 10),
        transfer('b', 'p', 11, { block: 2 }),
        transfer('c', 'p', 12, { channel: null, group: 1 }),
        transfer('d', 'p', 13, { channel: null, group: 2 }),
        transfer('e', 'q', 14),
      ],
      () => null,
    );
    assert.deepEqual([...used.values()].map((u) => u.transfer.from).sort(), ['a', 'b', 'c', 'd', 'e']);
  });
});

describe('in a whole network', () => {
  it('nearly every peer is known to have a block from whom it has it, and the confidence says how nearly', () => {
    const network = playGossip({ seed: 61, organizations: [6, 5], seconds: 45, channels: [{ name: 'ch', blocks: 60 }] });
    const { deliveries, ciphertext } = readNetwork(network);
    const transfers = [...deliverTransfers(deliveries), ...ciphertext.transfers];
    const receivedAt = (t: WireTransfer): Instant | null => network.received.get('ch')?.get(t.to)?.get(t.block) ?? null;
    const used = [...usedCopies(transfers, receivedAt).values()];
    const isRight = ({ transfer: t }: (typeof used)[number]): boolean => network.firstFrom.get(`ch|${t.block}|${t.to}`) === t.from;
    assert.equal(used.length, network.firstFrom.size);
    assert.ok(used.filter(isRight).length >= 0.97 * used.length, `${used.filter(isRight).length} of ${used.length}`);
    const sure = used.filter((u) => u.confidence >= 0.9);
    assert.ok(sure.filter(isRight).length >= 0.9 * sure.length && sure.length > 0.3 * used.length);
  });

  it('whatever the transfers, one copy of each block is used, and its confidence is a probability no higher than the transfer', () => {
    const some = fc
      .record({
        from: fc.constantFrom('a', 'b', 'p', 'q'),
        to: fc.constantFrom('a', 'p', 'q'),
        second: fc.double({ min: 0, max: 2, noNaN: true }),
        block: fc.integer({ min: 1, max: 2 }),
        kind: fc.constantFrom('push' as const, 'deliver' as const, 'pull' as const, 'state-transfer' as const),
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ from, to, second, ...parts }) => transfer(from, to, second, parts));
    fc.assert(
      fc.property(fc.array(some, { maxLength: 25 }), fc.option(fc.double({ min: 0, max: 2, noNaN: true })), (transfers, received) => {
        const used = usedCopies(transfers, () => (received === null ? null : at(received)));
        assert.equal(used.size, new Set(transfers.map((t) => copyKey(t.channel, t.group, t.block, t.to))).size);
        for (const [key, { transfer: t, confidence }] of used) {
          assert.ok(transfers.includes(t) && key === copyKey(t.channel, t.group, t.block, t.to));
          assert.ok(confidence >= 0 && confidence <= t.confidence + 0.0005);
        }
      }),
    );
  });
});
