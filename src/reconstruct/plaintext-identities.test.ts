import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPlaintext, said } from '../../test/builders/plaintext-builder.js';
import { at } from '../../test/builders/timeline-builder.js';
import type { PlaintextFacts } from '../events/plaintext-message.js';
import { readPlaintextIdentities } from './plaintext-identities.js';

const observed = (facts: Partial<PlaintextFacts>) => buildPlaintext('x', 'y', 1, 9, facts).observed;
const conn = (pkiId: string, mspId: string | null, commonName: string | null) => ({
  kind: 'conn' as const,
  pkiId,
  mspId,
  commonName,
  tlsCertHash: null,
});
const alive = (pkiId: string, endpoint: string, internalEndpoint: string | null) => ({
  kind: 'alive' as const,
  pkiId,
  endpoint,
  internalEndpoint,
  mspId: null,
  commonName: null,
  incarnation: '1',
  previousAt: null,
});
const none = (): null => null;

test('a peer is called as the logs call it, else by its endpoint, its certificate, its PKI-ID', () => {
  const one = observed({
    messages: [
      said('client', 1, conn('aa', 'AMSP', 'cert-a')),
      said('client', 2, alive('aa', 'public-a:7051', 'inner-a:7051')),
      said('server', 1, conn('bb', 'BMSP', 'cert-b')),
      said('server', 2, alive('cc', '10.0.0.9:7051', null)),
    ],
  });
  const peers = (nodeOfPkiId: (id: string) => string | null) => [...readPlaintextIdentities([one], nodeOfPkiId, none).peers.values()];
  assert.deepEqual(
    peers(none).map((p) => [p.pkiId, p.name, p.mspId, p.endpoint]),
    [
      ['aa', 'inner-a', 'AMSP', 'inner-a:7051'],
      ['bb', 'cert-b', 'BMSP', null],
      ['cc', 'cc', null, '10.0.0.9:7051'],
    ],
  );
  assert.equal(peers((id) => (id === 'aa' ? 'node-a' : null))[0]?.name, 'node-a');
});

test('addresses belong to who said so, and servers to the name they were dialled by', () => {
  const gossip = observed({
    clientPkiId: 'aa',
    serverPkiId: null,
    authority: 'b.example:7051',
    messages: [said('client', 2, alive('aa', 'a.example:7051', null))],
  });
  assert.deepEqual(
    readPlaintextIdentities([gossip], none, (host) => (host === 'b.example' ? 'node-b' : null)).addresses.map((a) => [a.address, a.node, a.at]),
    [
      ['10.0.0.2', 'node-b', at(1)],
      ['10.0.0.2:7051', 'node-b', at(1)],
      ['10.0.0.1', 'a.example', at(1)],
    ],
  );
  assert.deepEqual(readPlaintextIdentities([observed({ authority: '10.0.0.2:7051' })], none, none).addresses, []);
});
