import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../test/builders/capture-builder.js';
import { headerBlock } from '../../test/builders/http2-builder.js';
import { HeaderTable } from './hpack.js';

const block = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const textOf = (table: HeaderTable, bytes: Uint8Array): readonly string[] | null =>
  table.decode(bytes)?.map(({ name, value }) => `${name ?? '?'}: ${value ?? '?'}`) ?? null;

describe('header blocks', () => {
  it('read as RFC 7541 Appendix C.4 and C.6 have them, Huffman and evictions included', () => {
    const requests = new HeaderTable(true);
    const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    assert.deepEqual(textOf(requests, block('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')), first);
    assert.deepEqual(textOf(requests, block('8286 84be 5886 a8eb 1064 9cbf')), [...first, 'cache-control: no-cache']);
    assert.deepEqual(textOf(requests, block('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')), [
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
  });

  it('refer to what was added since where the table began before the capture, and to nothing older', () => {
    const table = new HeaderTable(false);
    // Index 65 is older than anything seen; the literal after it has a name of that table.
    assert.deepEqual(textOf(table, bytesOf([0x80 | 65], [0x40 | 63, 0, 1], 'v')), ['?: ?', '?: v']);
    assert.deepEqual(textOf(table, headerBlock({ ':path': '/new' })), [':path: /new']);
    assert.deepEqual(textOf(table, bytesOf([0x80 | 62, 0x80 | 63, 0x80 | 64])), [':path: /new', '?: v', '?: ?']);
    table.forget();
    assert.deepEqual(textOf(table, bytesOf([0x80 | 62])), ['?: ?']);
  });

  it('that contradict themselves are told, and nothing of the table is believed afterwards', () => {
    const table = new HeaderTable(true);
    assert.notEqual(table.decode(headerBlock({ ':path': '/kept' })), null);
    assert.equal(table.decode(bytesOf([0x80 | 70])), null);
    assert.deepEqual(textOf(table, bytesOf([0x80 | 62])), ['?: ?']);
    for (const bad of ['40', '4005', '00 ff ff ff ff ff ff', '3f ff ff ff ff 0f', '80', '41 8a ff'])
      assert.equal(new HeaderTable(true).decode(block(bad)), null, bad);
    assert.equal(new HeaderTable(true).decode(new Uint8Array(20_000).fill(0x82)), null);
  });

  it('of any bytes do no harm, and a table that knows everything agrees with one entered at its first block', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (blocks) => {
        const tables = [new HeaderTable(true), new HeaderTable(false)] as const;
        for (const one of blocks) for (const table of tables) table.decode(one);
      }),
    );
    const fields = fc.dictionary(fc.constantFrom('a', 'b', ':path', 'grpc-status'), fc.constantFrom('x', 'y', 'zz'), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 6 }), (requests) => {
        const [whole, entered] = [new HeaderTable(true), new HeaderTable(false)];
        for (const request of requests) assert.deepEqual(whole.decode(headerBlock(request)), entered.decode(headerBlock(request)));
      }),
    );
  });
});
