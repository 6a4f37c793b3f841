import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseOrdererConfig, parsePeerConfig } from './config-dump.js';

it('flattens the YAML of a peer to dotted lower-case keys', () => {
  const yaml = [
    'logging_level: ""',
    'peer:',
    '  BCCSP:',
    '    Default: SW',
    '  gossip:',
    '    bootstrap:',
    '    - a.org:7051',
    "    - 'b.org:7051'",
    '    endpoint: null',
    '    membershipTrackerInterval: 5s',
    '    useLeaderElection: false',
    '  handlers:',
    '    authFilters:',
    '    - name: DefaultAuth',
    '    - name: ExpirationCheck',
    '    decorators: []',
    "  id: 'it''s'",
    '  tls:',
    '    clientRootCAs:',
    '      files: [tls/a.crt, "tls/b.crt"]',
    '    enabled: true',
    'peer.bccsp.sw.filekeystore.keystore: ""',
    'vm:',
    '  format: "%{color}%{time}',
    '    -> folded"',
    '',
  ].join('\n');
  assert.deepEqual(parsePeerConfig(yaml), {
    logging_level: '',
    'peer.bccsp.default': 'SW',
    'peer.gossip.bootstrap': 'a.org:7051 b.org:7051',
    'peer.gossip.membershiptrackerinterval': '5s',
    'peer.gossip.useleaderelection': 'false',
    'peer.handlers.authfilters': 'name: DefaultAuth name: ExpirationCheck',
    'peer.handlers.decorators': '',
    'peer.id': "it's",
    'peer.tls.clientrootcas.files': 'tls/a.crt tls/b.crt',
    'peer.tls.enabled': 'true',
    'peer.bccsp.sw.filekeystore.keystore': '',
    'vm.format': '%{color}%{time} -> folded',
  });
});

it('reads the settings of an orderer', () => {
  const text =
    '\tGeneral.ListenAddress = "0.0.0.0"\n\tGeneral.ListenPort = 7050\n\tGeneral.TLS.RootCAs = [a b]\n\tX.Empty =\n\tConsensus = map[A:b C:d]\nnoise';
  assert.deepEqual(parseOrdererConfig(text), {
    'general.listenaddress': '0.0.0.0',
    'general.listenport': '7050',
    'general.tls.rootcas': 'a b',
    'x.empty': '',
    consensus: 'map[A:b C:d]',
  });
});

it('does not let a setting change the prototype', () => {
  const settings = parsePeerConfig('__proto__: evil\n');
  assert.equal(Object.getPrototypeOf(settings), Object.prototype);
  assert.deepEqual(Object.keys(settings), ['__proto__']);
});
