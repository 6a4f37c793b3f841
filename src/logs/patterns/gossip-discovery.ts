import { parsePkiId, parsePkiIdList } from '../../events/pki-id.js';
import { findMemberInMessage, parseMember } from '../member-text.js';
import { consoleLine, definePattern, type Pattern } from '../pattern.js';

const DISCOVERY = ['gossip.discovery'];

/** gossip/discovery: who is alive. */
export const GOSSIP_DISCOVERY_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'connect-failed',
    loggers: DISCOVERY,
    fabric: '1.0.0+',
    hint: 'Could not connect to ',
    message: /^Could not connect to (?<member>\{.*?\}|Endpoint: .*?, Metadata: (?:\[[\d ]*\])?|Endpoint: .*?) ?: (?<reason>.*)$/,
    toEvent: (group) => {
      const target = parseMember(group('member'));
      return target === null ? null : { kind: 'gossip.connect-failed', target, reason: group('reason') };
    },
    samples: [
      {
        line: '2026-11-22 10:31:04.034 UTC [gossip.discovery] func1 -> WARN 026 Could not connect to Endpoint: peer1.org1.example.com:8051, InternalEndpoint: peer1.org1.example.com:8051, PKI-ID: <nil>, Metadata:  : context deadline exceeded',
        expect: {
          kind: 'gossip.connect-failed',
          target: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: 'peer1.org1.example.com:8051', pkiId: null },
          reason: 'context deadline exceeded',
        },
      },
      {
        line: '2026-11-22 10:35:17.275 UTC [gossip.discovery] func1 -> WARN 026 Could not connect to Endpoint: 127.0.0.1:7051, InternalEndpoint: 127.0.0.1:7051, PKI-ID: <nil>, Metadata:  : context deadline exceeded',
        expect: {
          kind: 'gossip.connect-failed',
          target: { endpoint: '127.0.0.1:7051', internalEndpoint: '127.0.0.1:7051', pkiId: null },
          reason: 'context deadline exceeded',
        },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip/discovery',
          'Could not connect to {peer0.org1.example.com:7051 [] [] peer0.org1.example.com:7051} : context deadline exceeded',
        ),
        source: 'Fabric 1.0 gossip/discovery/discovery_impl.go',
        expect: {
          kind: 'gossip.connect-failed',
          target: { endpoint: 'peer0.org1.example.com:7051', internalEndpoint: 'peer0.org1.example.com:7051', pkiId: null },
          reason: 'context deadline exceeded',
        },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip/discovery',
          'Could not connect to {peer0.org1.example.com:7051 [] [] peer0.org1.example.com:7051 <nil> <nil>} : context deadline exceeded',
        ),
        source: 'Fabric 1.3 gossip/discovery/discovery_impl.go',
        expect: {
          kind: 'gossip.connect-failed',
          target: { endpoint: 'peer0.org1.example.com:7051', internalEndpoint: 'peer0.org1.example.com:7051', pkiId: null },
          reason: 'context deadline exceeded',
        },
      },
    ],
  }),
  definePattern({
    name: 'peer-silent',
    loggers: DISCOVERY,
    fabric: '1.0.0+; the id stays a decimal list',
    hint: "Haven't heard from ",
    message: /^Haven't heard from (?<pkiId>\[[\d ]*\]|\S+) for (?<silence>\S+)$/,
    toEvent: (group) => {
      const pkiId = parsePkiId(group('pkiId'));
      return pkiId === null ? null : { kind: 'gossip.peer-silent', pkiId, silentText: group('silence') };
    },
    samples: [
      {
        line: consoleLine('WARN', 'gossip.discovery', "Haven't heard from [1 2 254 255] for 25.392847521s"),
        source: 'Fabric 1.0-3.1 gossip/discovery/discovery_impl.go',
        expect: { kind: 'gossip.peer-silent', pkiId: '0102feff', silentText: '25.392847521s' },
      },
    ],
  }),
  definePattern({
    // Other functions of this logger print "Entering" too, at DEBUG (INFO up to 1.1): only expireDeadMembers does at WARN.
    name: 'members-expired',
    loggers: DISCOVERY,
    levels: ['WARN'],
    fabric: '1.0.0+',
    hint: 'Entering [',
    message: /^Entering (?<ids>\[.*\])$/,
    toEvent: (group) => {
      const pkiIds = parsePkiIdList(group('ids'));
      return pkiIds === null ? null : { kind: 'gossip.members-expired', pkiIds };
    },
    samples: [
      {
        line: '2026-11-22 10:33:53.943 UTC [gossip.discovery] expireDeadMembers -> WARN 052 Entering [fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01]',
        expect: { kind: 'gossip.members-expired', pkiIds: ['fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01'] },
      },
      {
        line: '2026-11-22 11:09:50.027 UTC [gossip/discovery] expireDeadMembers -> WARN 03a Entering [[92 163 83 236 122 86 206 230 169 71 178 204 11 129 187 229 238 43 3 190 78 114 156 201 117 181 62 216 41 223 79 22]]',
        expect: { kind: 'gossip.members-expired', pkiIds: ['5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16'] },
      },
    ],
  }),
  definePattern({
    name: 'expired-member-named',
    loggers: DISCOVERY,
    levels: ['WARN'],
    fabric: '1.0.0+',
    hint: 'Closing connection to ',
    message: /^Closing connection to (?<member>.*)$/,
    toEvent: (group) => {
      const member = parseMember(group('member'));
      return member === null ? null : { kind: 'gossip.expired-member-named', member };
    },
    samples: [
      {
        line: '2026-11-22 10:33:53.943 UTC [gossip.discovery] expireDeadMembers -> WARN 053 Closing connection to Endpoint: peer0.org1.example.com:7051, InternalEndpoint: , PKI-ID: fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01, Metadata: ',
        expect: {
          kind: 'gossip.expired-member-named',
          member: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: null,
            pkiId: 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01',
          },
        },
      },
      {
        line: '2026-11-22 10:33:54.061 UTC [gossip.discovery] expireDeadMembers -> WARN 055 Closing connection to Endpoint: peer0.org1.example.com:7051, InternalEndpoint: peer0.org1.example.com:7051, PKI-ID: fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01, Metadata: ',
        expect: {
          kind: 'gossip.expired-member-named',
          member: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: 'peer0.org1.example.com:7051',
            pkiId: 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01',
          },
        },
      },
      {
        line: '2026-11-22 11:09:50.027 UTC [gossip/discovery] expireDeadMembers -> WARN 03b Closing connection to Endpoint: peer0.org2.example.com:9051, InternalEndpoint: peer0.org2.example.com:9051, PKI-ID: [92 163 83 236 122 86 206 230 169 71 178 204 11 129 187 229 238 43 3 190 78 114 156 201 117 181 62 216 41 223 79 22], Metadata: []',
        expect: {
          kind: 'gossip.expired-member-named',
          member: {
            endpoint: 'peer0.org2.example.com:9051',
            internalEndpoint: 'peer0.org2.example.com:9051',
            pkiId: '5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16',
          },
        },
      },
      {
        line: '2026-11-22 11:09:50.562 UTC [gossip/discovery] expireDeadMembers -> WARN 03f Closing connection to Endpoint: peer1.org1.example.com:8051, InternalEndpoint: , PKI-ID: [107 109 84 33 15 159 98 220 246 76 21 19 51 38 249 183 52 70 139 98 137 190 230 50 145 202 187 28 248 10 114 102], Metadata: []',
        expect: {
          kind: 'gossip.expired-member-named',
          member: {
            endpoint: 'peer1.org1.example.com:8051',
            internalEndpoint: null,
            pkiId: '6b6d54210f9f62dcf64c15133326f9b734468b6289bee63291cabb1cf80a7266',
          },
        },
      },
    ],
  }),
  definePattern({
    name: 'member-removed',
    loggers: DISCOVERY,
    fabric: '1.4.2-1.4.12, 2.0.0+',
    hint: 'Removing member: ',
    message: /^Removing member: (?<member>.*)$/,
    toEvent: (group) => {
      const member = parseMember(group('member'));
      return member === null ? null : { kind: 'gossip.member-removed', member };
    },
    samples: [
      {
        line: consoleLine('INFO', 'gossip.discovery', 'Removing member: Endpoint: peer1.org1.example.com:8051, InternalEndpoint: , PKIID: 0102feff'),
        source: 'Fabric 1.4.2-3.1 gossip/discovery/discovery_impl.go',
        expect: { kind: 'gossip.member-removed', member: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: '0102feff' } },
      },
    ],
  }),
  definePattern({
    name: 'member-purged',
    loggers: DISCOVERY,
    fabric: '1.4.4-1.4.12, 2.0.0+',
    hint: 'Purging ',
    message: /^Purging (?<subject>.*) from membership$/,
    toEvent: (group) => {
      const pkiId = parsePkiId(group('subject'));
      if (pkiId !== null) return { kind: 'gossip.member-purged', pkiId, endpoint: null };
      const member = parseMember(group('subject'));
      if (member !== null) return { kind: 'gossip.member-purged', pkiId: member.pkiId, endpoint: member.endpoint };
      return /^\S+:\d+$/.test(group('subject')) ? { kind: 'gossip.member-purged', pkiId: null, endpoint: group('subject') } : null;
    },
    samples: [
      {
        line: consoleLine('INFO', 'gossip.discovery', 'Purging 0102feff from membership'),
        source: 'Fabric 1.4.4-3.1 gossip/discovery/discovery_impl.go',
        expect: { kind: 'gossip.member-purged', pkiId: '0102feff', endpoint: null },
      },
      {
        line: consoleLine('INFO', 'gossip.discovery', 'Purging peer1.org1.example.com:8051 from membership'),
        source: 'Fabric 1.4.4-3.1 gossip/discovery/discovery_impl.go',
        expect: { kind: 'gossip.member-purged', pkiId: null, endpoint: 'peer1.org1.example.com:8051' },
      },
    ],
  }),
  definePattern({
    name: 'identity-cloned',
    loggers: DISCOVERY,
    fabric: '1.0.0+',
    hint: 'Bad configuration detected: Received AliveMessage from a peer with the same PKI-ID as myself: ',
    message: /^Bad configuration detected: Received AliveMessage from a peer with the same PKI-ID as myself: (?<text>.*)$/,
    toEvent: (group) => ({ kind: 'gossip.identity-cloned', text: group('text').slice(0, 1000) }),
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'gossip.discovery',
          'Bad configuration detected: Received AliveMessage from a peer with the same PKI-ID as myself: tag:EMPTY alive_msg:<membership:<endpoint:"peer1.org1.example.com:8051" > >',
        ),
        source: 'Fabric 1.0-3.1 gossip/discovery/discovery_impl.go',
        expect: { kind: 'gossip.identity-cloned', text: 'tag:EMPTY alive_msg:<membership:<endpoint:"peer1.org1.example.com:8051" > >' },
      },
    ],
  }),
  definePattern({
    name: 'alive-member-learned',
    loggers: DISCOVERY,
    levels: ['DEBU'],
    fabric: '1.0.0+',
    hint: 'Learned about a new alive member: ',
    message: /^Learned about a new alive member: (?<text>[\s\S]*)$/,
    multiLine: true,
    toEvent: (group) => ({ kind: 'gossip.member-learned', member: findMemberInMessage(group('text')), alive: true }),
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.discovery',
          'Learned about a new alive member: GossipMessage: tag:EMPTY alive_msg:<membership:<endpoint:"peer1.org1.example.com:8051" pki_id:"\\271b\\275(\\341\\206 \\267r\\360\\232\\260\\036q\\030%X::\\314\\t\\324\\371\\3067\\222\\210\\343\\267\\001\\025$" > timestamp:<inc_num:1795344690178081676 seq_num:2 > > , Envelope: 83 bytes, Signature: 70 bytes',
        ),
        source: 'Fabric 1.4 gossip/discovery/discovery_impl.go',
        expect: {
          kind: 'gossip.member-learned',
          member: {
            endpoint: 'peer1.org1.example.com:8051',
            internalEndpoint: null,
            pkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524',
          },
          alive: true,
        },
      },
      {
        line: consoleLine(
          'DEBU',
          'gossip.discovery',
          'Learned about a new alive member: GossipMessage: Channel: , nonce: 0, tag: EMPTY Alive Message:Membership: Endpoint:peer1.org1.example.com:8051 PKI-id:0102feffIdentity:Org1MSP-----BEGIN CERTIFICATE-----\nMIICKDCCAc+g\n-----END CERTIFICATE-----\nTimestamp:inc_num:1795345741961774857 seq_num:2 , Envelope: 83 bytes, Signature: 70 bytes',
        ),
        source: 'Fabric 2.0-3.1 gossip/protoext/stringers.go',
        expect: {
          kind: 'gossip.member-learned',
          member: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: '0102feff' },
          alive: true,
        },
      },
    ],
  }),
  definePattern({
    name: 'dead-member-learned',
    loggers: DISCOVERY,
    levels: ['DEBU'],
    fabric: '1.0.0+',
    hint: 'Learned about a new dead member: ',
    message: /^Learned about a new dead member: (?<text>[\s\S]*)$/,
    multiLine: true,
    toEvent: (group) => ({ kind: 'gossip.member-learned', member: findMemberInMessage(group('text')), alive: false }),
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.discovery',
          'Learned about a new dead member: tag:EMPTY alive_msg:<membership:<endpoint:"peer1.org1.example.com:8051" pki_id:"\\001\\002\\376\\377" > timestamp:<inc_num:1795344690178081676 seq_num:2 > >',
        ),
        source: 'Fabric 1.0-1.4 gossip/discovery/discovery_impl.go',
        expect: {
          kind: 'gossip.member-learned',
          member: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: '0102feff' },
          alive: false,
        },
      },
    ],
  }),
];
