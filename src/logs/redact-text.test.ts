import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameCollector, parseAddress } from '../topology/name-collector.js';
import { Pseudonyms } from '../topology/pseudonyms.js';
import { TextRedactor } from './redact-text.js';
import { fabricVocabulary } from './vocabulary.js';

const ID = 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01';
const OTHER_ID = '06525977b3545ffe011c957638144ad7e3d1ef17fb18a0341346392d8c21f192';
const VOCABULARY = fabricVocabulary();

function redactorOf(): TextRedactor {
  const names = new NameCollector(VOCABULARY);
  for (const name of ['Org1MSP', 'OrdererMSP', 'mychannel', 'mycc', 'net_byfn']) names.name(name);
  for (const endpoint of ['peer0.org1.example.com:7051', 'orderer.example.com:7050', '172.19.0.4:7051']) names.endpoint(endpoint);
  names.address(parseAddress('fd00:19::4') as Uint8Array);
  names.pkiId(ID);
  names.pkiId(OTHER_ID);
  return new TextRedactor(new Pseudonyms(Buffer.alloc(32, 7), names.result(), VOCABULARY));
}
const redactor = redactorOf();
const ORIGINALS = /peer0|org1|example\.com|mychannel|mycc|byfn|ordererMSP|172\.19|fd00:19|fefb6abf|0652597/i;

test('names, addresses and ids are replaced wherever they stand, the text of Fabric stays', () => {
  const line =
    '2026-11-22T10:31:01.032193916Z \x1b[34m2026-11-22 10:31:01.031 UTC [gossip.gossip] New -> INFO 0fa\x1b[0m Creating gossip service with self membership of ' +
    `Endpoint: peer0.org1.example.com:7051, InternalEndpoint: PEER0.ORG1.EXAMPLE.COM:7051, PKI-ID: ${ID}, Metadata: 172.19.0.4 [fd00:19::4]:7051 Org1MSPanchors.tx dev-peer0.org1.example.com-mycc-1.0\n`;
  const redacted = redactor.line(line);
  assert.equal(redacted.length, line.length);
  assert.doesNotMatch(redacted, ORIGINALS);
  assert.match(
    redacted,
    /^2026-11-22T10:31:01\.032193916Z .*UTC \[gossip\.gossip\] New -> INFO 0fa\x1b\[0m Creating gossip service with self membership of Endpoint: /,
  );
  assert.match(redacted, /:7051, InternalEndpoint: [A-Z0-9.]+:7051, PKI-ID: [0-9a-f]{64}, Metadata: 172\./);
  assert.match(redacted, /MSPanchors\.tx dev-/);
  assert.equal(redactor.line(line), redacted);
});

test('a PKI-ID is the same one in every notation, and of two the lower stays lower', () => {
  const bytes = [...Buffer.from(ID, 'hex')];
  const hex = redactor.line(ID);
  assert.equal(redactor.line(`[${bytes.join(' ')}]`), `[${[...Buffer.from(hex, 'hex')].join(' ')}]`);
  const named: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' };
  const escapedByte = (b: number): string => named[b] ?? (b >= 32 && b < 127 ? String.fromCharCode(b) : `\\${b.toString(8).padStart(3, '0')}`);
  const escaped = (id: string): string => [...Buffer.from(id, 'hex')].map(escapedByte).join('');
  assert.equal(redactor.line(`pki_id:"${escaped(ID)}" `), `pki_id:"${escaped(hex)}" `);
  const json = JSON.stringify({ level: 'info', msg: `pki_id:"${escaped(ID)}" to peer0.org1.example.com` });
  assert.ok((JSON.parse(redactor.line(json)) as { msg: string }).msg.startsWith(`pki_id:"${escaped(hex)}" to `));
  assert.ok(redactor.line(OTHER_ID) < hex);
});

test('blobs that could hold a name are filled, equally long; block numbers and code names stay', () => {
  const certificate = Buffer.from('0\x82 peer0.org1.example.com Org1MSP 1234 San Francisco').toString('base64');
  for (const blob of [certificate, `[${[...Buffer.from('the peer0.org1.example.com')].join(' ')}]`, `signature:"0E\\002!\\000peer0.org1\\033"`]) {
    const redacted = redactor.line(blob);
    assert.notEqual(redacted, blob);
    assert.equal(redacted.length, blob.length);
    assert.doesNotMatch(redacted, ORIGINALS);
  }
  for (const plain of [
    '[3 4 1 2 5 6 7 8 9 10 11]',
    'github.com/hyperledger/fabric/core/chaincode/lifecycle',
    'handleMessageFromTheOtherSide',
    '0.10.2.0 1.4.12 5s 10ms',
    '10:31:01.031',
  ])
    assert.equal(redactor.line(plain), plain);
});

test('any text: no error, the same length, and no address of the original', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('172.19.0.4', 'peer0.org1.example.com', '"', '\\', '\\001', '[1 2 3 4 5 6 7 8 9', ID, '{"', '2026-11-22 10:31:01.031 UTC '),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = Buffer.from(pieces.join(' '), 'utf8').toString('latin1');
      const redacted = redactor.line(text);
      if (!text.includes('\\')) assert.equal(redacted.length, text.length);
      assert.doesNotMatch(redacted, /(?<![\d.])172\.19\.0\.4(?![\d.])/);
    }),
  );
});

test('a name of two letters is replaced where a channel or a host is named, and nowhere else', () => {
  const names = new NameCollector(VOCABULARY);
  names.name('ch');
  names.endpoint('p1:7051');
  names.name('Org1MSP');
  const short = new TextRedactor(new Pseudonyms(Buffer.alloc(32, 7), names.result(), VOCABULARY));
  const channel = /channel=(\w\w) /.exec(short.line('channel=ch height=3'))?.[1] as string;
  assert.notEqual(channel, 'ch');
  for (const text of ['[ch] Received block', '[channel: ch] ok', 'Creating ledger [ch] with', "channel 'ch' is", 'channel "ch"'])
    assert.equal(short.line(text), text.replaceAll(/\bch\b/g, channel), text);
  assert.doesNotMatch(short.line('Connected to p1:7051'), /p1:/);
  for (const text of ['fetch the ch of it', 'chaincode', 'searching', 'a ch']) assert.equal(short.line(text), text);
});
