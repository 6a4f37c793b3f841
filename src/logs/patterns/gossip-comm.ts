import { parsePkiId } from '../../events/pki-id.js';
import { parseMember } from '../member-text.js';
import { consoleLine, definePattern, type Pattern } from '../pattern.js';

const COMM = ['gossip.comm'];

/** gossip/comm: connections between peers and their handshakes; core/comm and comm.tls below it. */
export const GOSSIP_COMM_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'peer-unresponsive',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: " isn't responsive: ",
    message: /^(?<remote>.*?, PKIid:(?:\[[\d ]*\]|[0-9a-f]*|<nil>)) isn't responsive: (?<reason>.*)$/,
    toEvent: (group) => {
      const remote = parseMember(group('remote'));
      return remote === null ? null : { kind: 'gossip.peer-unresponsive', remote, reason: group('reason') };
    },
    samples: [
      {
        line: "2026-11-22 10:33:53.942 UTC [gossip.comm] func1 -> WARN 051 peer0.org1.example.com:7051, PKIid:fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01 isn't responsive: EOF",
        expect: {
          kind: 'gossip.peer-unresponsive',
          remote: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: null,
            pkiId: 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01',
          },
          reason: 'EOF',
        },
      },
      {
        line: "2026-11-22 11:09:50.018 UTC [gossip/comm] func1 -> WARN 039 peer0.org2.example.com:9051, PKIid:[92 163 83 236 122 86 206 230 169 71 178 204 11 129 187 229 238 43 3 190 78 114 156 201 117 181 62 216 41 223 79 22] isn't responsive: EOF",
        expect: {
          kind: 'gossip.peer-unresponsive',
          remote: {
            endpoint: 'peer0.org2.example.com:9051',
            internalEndpoint: null,
            pkiId: '5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16',
          },
          reason: 'EOF',
        },
      },
      {
        line: "2026-11-22 11:10:15.473 UTC [gossip/comm] func1 -> WARN 01f peer0.org1.example.com:7051, PKIid:[49 39 227 157 185 122 87 53 233 75 114 59 169 10 104 88 133 46 83 238 181 13 149 8 241 91 63 170 2 235 120 238] isn't responsive: rpc error: code = Unavailable desc = transport is closing",
        expect: {
          kind: 'gossip.peer-unresponsive',
          remote: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: null,
            pkiId: '3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee',
          },
          reason: 'rpc error: code = Unavailable desc = transport is closing',
        },
      },
      {
        line: "2026-11-22 11:02:40.086 UTC [gossip.comm] func1 -> WARN 0ef peer2.org2.example.com:7051, PKIid:18a460ac97b59539e6914b1ae064c089f9fb70c15ad9a69c7893068e1eafac91 isn't responsive: rpc error: code = Unavailable desc = transport is closing",
        expect: {
          kind: 'gossip.peer-unresponsive',
          remote: {
            endpoint: 'peer2.org2.example.com:7051',
            internalEndpoint: null,
            pkiId: '18a460ac97b59539e6914b1ae064c089f9fb70c15ad9a69c7893068e1eafac91',
          },
          reason: 'rpc error: code = Unavailable desc = transport is closing',
        },
      },
      {
        line: consoleLine('WARN', 'gossip/comm', "peer0.org2.example.com:7051, PKIid:[1 2 254 255] isn't responsive: EOF"),
        source: 'Fabric 1.3 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.peer-unresponsive',
          remote: { endpoint: 'peer0.org2.example.com:7051', internalEndpoint: null, pkiId: '0102feff' },
          reason: 'EOF',
        },
      },
    ],
  }),
  definePattern({
    name: 'connection-failed',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: 'Failed obtaining connection for ',
    message: /^Failed obtaining connection for (?<remote>.*?, PKIid:(?:\[[\d ]*\]|[0-9a-f]*|<nil>)) reason: (?<reason>.*)$/,
    toEvent: (group) => {
      const remote = parseMember(group('remote'));
      return remote === null ? null : { kind: 'gossip.connection-failed', remote, reason: group('reason') };
    },
    samples: [
      {
        line: '2026-11-22 11:02:21.281 UTC [gossip.comm] sendToEndpoint -> WARN 0c0 Failed obtaining connection for peer0.org2.example.com:9051, PKIid:5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16 reason: context deadline exceeded',
        expect: {
          kind: 'gossip.connection-failed',
          remote: {
            endpoint: 'peer0.org2.example.com:9051',
            internalEndpoint: null,
            pkiId: '5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16',
          },
          reason: 'context deadline exceeded',
        },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip/comm',
          'Failed obtaining connection for peer0.org2.example.com:7051, PKIid:[1 2 254 255] reason: context deadline exceeded',
        ),
        source: 'Fabric 1.1-1.3 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.connection-failed',
          remote: { endpoint: 'peer0.org2.example.com:7051', internalEndpoint: null, pkiId: '0102feff' },
          reason: 'context deadline exceeded',
        },
      },
    ],
  }),
  definePattern({
    name: 'probed',
    loggers: COMM,
    fabric: '2.1.0+',
    hint: ') probed us',
    message: /^Peer (?<pkiId>\S+) \((?<address>\S+)\) probed us$/,
    toEvent: (group) => {
      const pkiId = parsePkiId(group('pkiId'));
      return pkiId === null ? null : { kind: 'gossip.probed', pkiId, address: group('address') };
    },
    samples: [
      {
        line: '2026-11-22 10:55:46.070 UTC [gossip.comm] GossipStream -> INFO 023 Peer d263161a2f9d4810483942bb4b2d00a9b186ca14df3ed7b4497f45b85a2b22da (172.27.0.6:59664) probed us',
        expect: { kind: 'gossip.probed', pkiId: 'd263161a2f9d4810483942bb4b2d00a9b186ca14df3ed7b4497f45b85a2b22da', address: '172.27.0.6:59664' },
      },
      {
        line: '2026-11-22 11:22:57.969 UTC 003f INFO [gossip.comm] GossipStream -> Peer 02cb288546a871c98733112d1d5b8ebde204e1f6ed6cccc64bd0b407ba697457 (127.0.0.1:42124) probed us',
        expect: { kind: 'gossip.probed', pkiId: '02cb288546a871c98733112d1d5b8ebde204e1f6ed6cccc64bd0b407ba697457', address: '127.0.0.1:42124' },
      },
    ],
  }),
  definePattern({
    name: 'connection-created',
    loggers: COMM,
    levels: ['DEBU'],
    fabric: '1.4.4-1.4.12, 2.0.0+',
    hint: 'Created new connection to ',
    message: /^Created new connection to (?<endpoint>[^,]*), (?<pkiId>\S+)$/,
    toEvent: (group) => ({
      kind: 'gossip.connection-created',
      remote: { endpoint: group('endpoint') || null, internalEndpoint: null, pkiId: parsePkiId(group('pkiId')) },
    }),
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.comm',
          'Created new connection to peer1.org1.example.com:8051, b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524',
        ),
        source: 'Fabric 1.4.4-3.1 gossip/comm/conn.go',
        expect: {
          kind: 'gossip.connection-created',
          remote: {
            endpoint: 'peer1.org1.example.com:8051',
            internalEndpoint: null,
            pkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524',
          },
        },
      },
    ],
  }),
  definePattern({
    name: 'identity-changed',
    loggers: COMM,
    fabric: '1.4.4-1.4.12, 2.0.0+',
    hint: ' changed its PKI-ID from ',
    message: /^Peer (?<endpoint>\S+) changed its PKI-ID from (?<old>\S+) to (?<new>\S+)$/,
    toEvent: (group) => {
      const oldPkiId = parsePkiId(group('old'));
      const newPkiId = parsePkiId(group('new'));
      if (oldPkiId === null || newPkiId === null) return null;
      return { kind: 'gossip.identity-changed', endpoint: group('endpoint'), oldPkiId, newPkiId };
    },
    samples: [
      {
        line: consoleLine('INFO', 'gossip.comm', 'Peer peer1.org1.example.com:8051 changed its PKI-ID from 0102feff to 0304fdfc'),
        source: 'Fabric 1.4.4-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.identity-changed', endpoint: 'peer1.org1.example.com:8051', oldPkiId: '0102feff', newPkiId: '0304fdfc' },
      },
    ],
  }),
  definePattern({
    name: 'identity-mismatch',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: 'Remote endpoint claims to be a different peer, expected ',
    message: /^Remote endpoint claims to be a different peer, expected (?<expected>\[[\d ]*\]|\S+) but got (?<actual>\[[\d ]*\]|\S+)$/,
    toEvent: (group) => {
      const expectedPkiId = parsePkiId(group('expected'));
      const actualPkiId = parsePkiId(group('actual'));
      if (expectedPkiId === null || actualPkiId === null) return null;
      return { kind: 'gossip.identity-mismatch', expectedPkiId, actualPkiId };
    },
    samples: [
      {
        line: consoleLine('WARN', 'gossip.comm', 'Remote endpoint claims to be a different peer, expected 0102feff but got 0304fdfc'),
        source: 'Fabric 1.4-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.identity-mismatch', expectedPkiId: '0102feff', actualPkiId: '0304fdfc' },
      },
      {
        line: consoleLine('WARN', 'gossip/comm', 'Remote endpoint claims to be a different peer, expected [1 2 254 255] but got [3 4 253 252]'),
        source: 'Fabric 1.0-1.3 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.identity-mismatch', expectedPkiId: '0102feff', actualPkiId: '0304fdfc' },
      },
    ],
  }),
  definePattern({
    name: 'authentication-failed-client',
    loggers: COMM,
    levels: ['WARN'],
    fabric: '1.0.0+',
    hint: 'Authentication failed: ',
    message: /^Authentication failed: (?<reason>.*)$/,
    toEvent: (group) => ({ kind: 'gossip.handshake-failed', side: 'client', address: null, reason: group('reason') }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.comm', 'Authentication failed: context deadline exceeded'),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'client', address: null, reason: 'context deadline exceeded' },
      },
    ],
  }),
  definePattern({
    name: 'authentication-failed-server',
    loggers: COMM,
    levels: ['ERRO'],
    fabric: '1.0.0+',
    hint: 'Authentication failed: ',
    message: /^Authentication failed: (?<reason>.*)$/,
    toEvent: (group) => ({ kind: 'gossip.handshake-failed', side: 'server', address: null, reason: group('reason') }),
    samples: [
      {
        line: consoleLine('ERRO', 'gossip.comm', 'Authentication failed: timed out waiting for connection message from 172.19.0.5:48836'),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.handshake-failed',
          side: 'server',
          address: null,
          reason: 'timed out waiting for connection message from 172.19.0.5:48836',
        },
      },
    ],
  }),
  definePattern({
    name: 'tls-certificate-missing',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: " didn't send TLS certificate",
    message: /^(?<address>\S+) (?<reason>didn't send TLS certificate)$/,
    toEvent: (group) => ({ kind: 'gossip.handshake-failed', side: 'unknown', address: group('address'), reason: group('reason') }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.comm', "172.19.0.3:41230 didn't send TLS certificate"),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'unknown', address: '172.19.0.3:41230', reason: "didn't send TLS certificate" },
      },
    ],
  }),
  definePattern({
    name: 'handshake-unreadable',
    loggers: COMM,
    fabric: '1.0.0+; "messge" up to 2.3',
    hint: 'Failed reading mess',
    message: /^Failed reading messa?ge from (?<address>\S+), reason: (?<reason>.*)$/,
    toEvent: (group) => ({ kind: 'gossip.handshake-failed', side: 'unknown', address: group('address'), reason: group('reason') }),
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip.comm',
          'Failed reading messge from 172.19.0.3:41230, reason: timed out waiting for connection message from 172.19.0.3:41230',
        ),
        source: 'Fabric 1.0-2.3 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.handshake-failed',
          side: 'unknown',
          address: '172.19.0.3:41230',
          reason: 'timed out waiting for connection message from 172.19.0.3:41230',
        },
      },
      {
        line: consoleLine('WARN', 'gossip.comm', 'Failed reading message from 172.19.0.3:41230, reason: EOF'),
        source: 'Fabric 2.4-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'unknown', address: '172.19.0.3:41230', reason: 'EOF' },
      },
    ],
  }),
  definePattern({
    name: 'handshake-unexpected',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: 'Expected connection message from ',
    message: /^Expected connection message from (?<address>\S+) but got .*$/,
    toEvent: (group) => ({ kind: 'gossip.handshake-failed', side: 'unknown', address: group('address'), reason: 'expected connection message' }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.comm', 'Expected connection message from 172.19.0.3:41230 but got <nil>'),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'unknown', address: '172.19.0.3:41230', reason: 'expected connection message' },
      },
    ],
  }),
  definePattern({
    name: 'identity-rejected',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: 'Identity store rejected ',
    message: /^Identity store rejected (?<address>\S+) : (?<reason>.*)$/,
    toEvent: (group) => ({
      kind: 'gossip.handshake-failed',
      side: 'unknown',
      address: group('address'),
      reason: `identity rejected: ${group('reason')}`,
    }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.comm', 'Identity store rejected 172.19.0.3:41230 : Could not acquire policy manager for channel mychannel'),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.handshake-failed',
          side: 'unknown',
          address: '172.19.0.3:41230',
          reason: 'identity rejected: Could not acquire policy manager for channel mychannel',
        },
      },
    ],
  }),
  definePattern({
    name: 'pki-id-missing',
    loggers: COMM,
    fabric: '1.0.0+; up to 1.2 the verb is printed and the address follows',
    hint: "didn't send a pkiID",
    message: /^(?:%s didn't send a pkiID (?<late>\S+)|(?<early>\S+) didn't send a pkiID)$/,
    toEvent: (group) => ({
      kind: 'gossip.handshake-failed',
      side: 'unknown',
      address: group('late') || group('early'),
      reason: "didn't send a pkiID",
    }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip/comm', "%s didn't send a pkiID 10.0.0.7:41230"),
        source: 'Fabric 1.0-1.2 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'unknown', address: '10.0.0.7:41230', reason: "didn't send a pkiID" },
      },
      {
        line: consoleLine('WARN', 'gossip.comm', "10.0.0.7:41230 didn't send a pkiID"),
        source: 'Fabric 1.3-3.1 gossip/comm/comm_impl.go',
        expect: { kind: 'gossip.handshake-failed', side: 'unknown', address: '10.0.0.7:41230', reason: "didn't send a pkiID" },
      },
    ],
  }),
  definePattern({
    name: 'signature-invalid',
    loggers: COMM,
    fabric: '1.0.0+',
    hint: 'Failed verifying signature from ',
    message: /^Failed verifying signature from (?<address>\S+) : (?<reason>.*)$/,
    toEvent: (group) => ({
      kind: 'gossip.handshake-failed',
      side: 'unknown',
      address: group('address'),
      reason: `signature not verified: ${group('reason')}`,
    }),
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'gossip.comm',
          'Failed verifying signature from 172.19.0.3:41230 : Could not acquire policy manager for channel mychannel',
        ),
        source: 'Fabric 1.0-3.1 gossip/comm/comm_impl.go',
        expect: {
          kind: 'gossip.handshake-failed',
          side: 'unknown',
          address: '172.19.0.3:41230',
          reason: 'signature not verified: Could not acquire policy manager for channel mychannel',
        },
      },
    ],
  }),
  definePattern({
    name: 'tls-server-handshake-failed',
    loggers: ['core.comm', 'comm.tls'],
    fabric: '1.3.0+',
    hint: 'TLS handshake failed ',
    message: /^(?:Server )?TLS handshake failed (?:in \S+ )?with error (?<reason>.*)$/,
    toEvent: (group, record) => ({
      kind: 'gossip.handshake-failed',
      side: 'server',
      address: record.fields.get('remoteaddress') ?? record.fields.get('remote address') ?? null,
      reason: group('reason'),
    }),
    samples: [
      {
        line: '2026-11-22 11:02:39.894 UTC [core.comm] ServerHandshake -> ERRO 1ad Server TLS handshake failed in 16.392323ms with error remote error: tls: bad certificate server=PeerServer remoteaddress=127.0.0.1:59768',
        expect: { kind: 'gossip.handshake-failed', side: 'server', address: '127.0.0.1:59768', reason: 'remote error: tls: bad certificate' },
      },
      {
        line: '2026-11-22 11:02:40.880 UTC [core.comm] ServerHandshake -> ERRO 1b0 Server TLS handshake failed in 470.488µs with error remote error: tls: bad certificate server=PeerServer remoteaddress=127.0.0.1:59770',
        expect: { kind: 'gossip.handshake-failed', side: 'server', address: '127.0.0.1:59770', reason: 'remote error: tls: bad certificate' },
      },
      {
        line: consoleLine(
          'ERRO',
          'core/comm',
          'TLS handshake failed with error remote error: tls: bad certificate {"server": "PeerServer", "remote address": "172.19.0.5:43436"}',
        ),
        source: 'Fabric 1.3.0-1.4.0 core/comm/creds.go',
        expect: { kind: 'gossip.handshake-failed', side: 'server', address: '172.19.0.5:43436', reason: 'remote error: tls: bad certificate' },
      },
      {
        line: consoleLine('ERRO', 'core.comm', 'TLS handshake failed with error EOF server=Orderer remoteaddress=172.18.0.5:43436'),
        source: 'Fabric 1.4.1-1.4.9, 2.0.0-2.2.1 core/comm/creds.go',
        expect: { kind: 'gossip.handshake-failed', side: 'server', address: '172.18.0.5:43436', reason: 'EOF' },
      },
    ],
  }),
  definePattern({
    name: 'tls-client-handshake-failed',
    loggers: ['comm.tls', 'core.comm'],
    fabric: '1.4.10-1.4.12, 2.2.2+',
    hint: 'Client TLS handshake failed after ',
    message: /^Client TLS handshake failed after \S+ with error: (?<reason>.*)$/,
    toEvent: (group, record) => ({
      kind: 'gossip.handshake-failed',
      side: 'client',
      address: record.fields.get('remoteaddress') ?? record.fields.get('remote address') ?? null,
      reason: group('reason'),
    }),
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'comm.tls',
          'Client TLS handshake failed after 1.104182ms with error: x509: certificate signed by unknown authority remoteaddress=172.18.0.5:7051',
        ),
        source: 'Fabric 1.4.10-1.4.12, 2.2.2-3.1 core/comm/creds.go',
        expect: {
          kind: 'gossip.handshake-failed',
          side: 'client',
          address: '172.18.0.5:7051',
          reason: 'x509: certificate signed by unknown authority',
        },
      },
    ],
  }),
];
