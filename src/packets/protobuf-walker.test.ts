import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  aliveMessage,
  blockPush,
  blockUpdate,
  deliveredBlock,
  deliverRequest,
  deliverStatus,
  stateResponse,
} from '../../test/builders/http2-builder.js';
import { BlockSkeleton } from './block-skeleton.js';
import { FieldScan, type GossipPlaces, scanGossip } from './protobuf-scan.js';
import { type FieldListener, type MessageShape, ProtobufWalker } from './protobuf-walker.js';

const IGNORE: FieldListener = { enter: () => true, leave: () => {}, length: () => {}, number: () => {}, text: () => {} };
const NESTED: MessageShape = new Map([[1, { kind: 'message', id: 1, shape: new Map([[2, { kind: 'number', id: 2 }]]) }]]);

/** What a skeleton tells of a message that comes in pieces of `sizes`; every piece of a size divisible by `holes` is missing. */
function read(carrier: 'gossip' | 'deliver', bytes: Uint8Array, sizes: readonly number[], holes = 0): BlockSkeleton {
  const skeleton = new BlockSkeleton(carrier, bytes.length, 100);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + (sizes[i % sizes.length] as number));
    if (holes > 0 && (sizes[i % sizes.length] as number) % holes === 0) skeleton.miss(end - at);
    else skeleton.feed(bytes, at, end);
    at = end;
  }
  return skeleton;
}

const sizesOf = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 });

describe('the skeleton of a message', () => {
  const cases = [
    { carrier: 'gossip', bytes: blockPush('ch', 7, 500), channel: 'ch', blocks: [{ number: 7, bytes: 500 }], field: 8 },
    {
      carrier: 'gossip',
      bytes: blockUpdate('ch', [3, 4, 9], 200),
      channel: 'ch',
      blocks: [3, 4, 9].map((number) => ({ number, bytes: 200 })),
      field: 12,
    },
    {
      carrier: 'gossip',
      bytes: stateResponse('ch', [1, 2], 300),
      channel: 'ch',
      blocks: [1, 2].map((number) => ({ number, bytes: 300 })),
      field: 19,
    },
    { carrier: 'gossip', bytes: aliveMessage(1, 2, 3), channel: null, blocks: [], field: 5 },
  ] as const;

  it('is the same in pieces of any size', () => {
    for (const { carrier, bytes, channel, blocks, field } of cases) {
      fc.assert(
        fc.property(sizesOf, (sizes) => {
          const skeleton = read(carrier, bytes, sizes);
          assert.ok(skeleton.isSound);
          assert.deepEqual([skeleton.channel, skeleton.blocks(), skeleton.contentField], [channel, blocks, field]);
        }),
        { numRuns: 50 },
      );
    }
  });

  it('of a delivered block has its number, its size and the channel of its first transaction', () => {
    for (const number of [0, 1, 300]) {
      const bytes = deliveredBlock('some-channel', number, 900);
      const skeleton = read('deliver', bytes, [13]);
      assert.ok(skeleton.isSound);
      assert.deepEqual([skeleton.channel, skeleton.blocks()], ['some-channel', [{ number, bytes: bytes.length - 3 }]]);
    }
    const status = read('deliver', deliverStatus(404), [1]);
    assert.deepEqual([status.isSound, status.status, status.blocks()], [true, 404, []]);
    assert.equal(read('deliver', deliverRequest('ch', 1), [100]).blocks().length, 0);
  });

  it('holds where bytes of a block are missing, and invents nothing where others are', () => {
    const bytes = blockPush('ch', 7, 500);
    const skeleton = new BlockSkeleton('gossip', bytes.length, 100);
    skeleton.feed(bytes, 0, 60);
    skeleton.miss(400);
    skeleton.feed(bytes, 460, bytes.length);
    assert.ok(skeleton.isSound);
    assert.deepEqual(skeleton.blocks(), [{ number: 7, bytes: 500 }]);
    const torn = new BlockSkeleton('gossip', bytes.length, 100);
    torn.feed(bytes, 0, 60);
    assert.ok(!torn.isSound);
    assert.deepEqual(torn.blocks(), [{ number: 7, bytes: 500 }]);
    fc.assert(
      fc.property(sizesOf, fc.integer({ min: 2, max: 9 }), (sizes, holes) => {
        for (const one of cases) {
          for (const b of read(one.carrier, one.bytes, sizes, holes).blocks())
            assert.ok(one.blocks.some((w) => w.number === b.number && w.bytes === b.bytes));
        }
      }),
    );
  });

  it('of any bytes does no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), sizesOf, fc.nat(9), (bytes, sizes, holes) => {
        read('gossip', bytes, sizes, holes);
        read('deliver', bytes, sizes, holes);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const walker = new ProtobufWalker(NESTED, bytes.length, IGNORE);
        walker.feed(bytes, 0, bytes.length);
        const scan = new FieldScan(bytes, 0, bytes.length);
        while (scan.next());
        // What is whole for the walker, which looks deeper, is so for the scan.
        if (walker.isComplete) assert.ok(!scan.isMalformed);
      }),
    );
  });

  it('is told apart from other messages', () => {
    const places: GossipPlaces = { payloadStart: 0, payloadEnd: 0, channelStart: 0, channelEnd: 0, secretStart: 0, secretEnd: 0, contentField: 0 };
    const isGossip = (bytes: Uint8Array): boolean => scanGossip(bytes, 0, bytes.length, places);
    for (const { bytes, field } of cases) {
      assert.ok(isGossip(bytes));
      assert.equal(places.contentField, field);
      assert.ok(!isGossip(bytes.subarray(0, bytes.length - 1)));
    }
    for (const bytes of [deliverRequest('ch', 1), deliverStatus(200), deliveredBlock('ch', 1, 50), new Uint8Array(0)]) assert.ok(!isGossip(bytes));
  });
});
