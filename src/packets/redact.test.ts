import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeCapture } from '../../test/builders/decode-capture.js';
import { ROOT } from '../../test/recordings.js';
import { CaptureRedactor, type PacketPseudonyms } from './redact.js';

/** Letters move on by one, the second byte of an address by 100. */
const SHIFTED: PacketPseudonyms = {
  name: (text) => text.replaceAll(/[a-y]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 1)),
  address: (address) => Uint8Array.from(address, (byte, i) => (i === 1 ? (byte + 100) % 256 : byte)),
  mac: () => new Uint8Array(6).fill(2),
};

function redact(bytes: Uint8Array, chunkBytes = 1 << 20): Buffer {
  const redactor = new CaptureRedactor(SHIFTED);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) pieces.push(...redactor.push(bytes.subarray(at, at + chunkBytes)).map((p) => p.slice()));
  pieces.push(...redactor.end());
  return Buffer.concat(pieces);
}

const packets = join(ROOT, 'captures', 'byfn-bootstrap-steps', 'packets');
const capture = gunzipSync(readFileSync(join(packets, readdirSync(packets)[0] as string)));
const redacted = redact(capture);

test('a redacted capture has the same size and decodes to the same connections under other names', () => {
  assert.equal(redacted.length, capture.length);
  // Only names move; what else is text is the same for both.
  const moved = (text: string): string => SHIFTED.name(text);
  const namesOf = (
    names: { readonly commonName: string | null; readonly dnsNames: readonly string[] } | null,
    move: (text: string) => string,
  ): unknown => (names === null ? null : [names.commonName === null ? null : move(names.commonName), names.dnsNames.map(move)]);
  const described = (bytes: Uint8Array, move: (text: string) => string): unknown =>
    decodeCapture(bytes).connections.map((c) => ({
      ports: [c.client.port, c.server.port],
      times: [c.firstAt, c.lastAt, c.synAt, c.closedAt, c.traffic, c.bursts, c.payloadBytes, c.handshakeFrames, c.outcome, c.tls, c.protocol],
      serverName: c.serverName === null ? null : move(c.serverName),
      certificates: [namesOf(c.serverCertificate, move), namesOf(c.clientCertificate, move)],
    }));
  const before = described(capture, moved);
  assert.deepEqual(
    described(redacted, (text) => text),
    before,
  );
  assert.match(JSON.stringify(before), /"serverName":"qffs/);
});

test('nothing of the names and addresses is left, in no chunking', () => {
  for (const name of ['peer0', 'org1', 'example', 'San Francisco', 'California']) assert.equal(redacted.includes(name), false, name);
  for (const { client, server } of decodeCapture(redacted).connections)
    for (const { address } of [client, server]) assert.doesNotMatch(address, /^172\.19\./);
  assert.ok(redact(capture, 4099).equals(redacted));
});

test('any bytes behind a capture’s header: no error, the same size', () => {
  for (const head of [capture.subarray(0, 24), Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex')]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: capture.length - 3000 }), (noise, from) => {
        const bytes = Buffer.concat([head, noise, capture.subarray(from, from + 2000), noise]);
        assert.equal(redact(bytes, 777).length, bytes.length);
      }),
      { numRuns: 60 },
    );
  }
});
