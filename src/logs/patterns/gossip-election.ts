import { parsePkiId } from '../../events/pki-id.js';
import { consoleLine, definePattern, type Pattern } from '../pattern.js';

const ELECTION = ['gossip.election'];

/** gossip/election: the organization's leader on a channel that no line names. */
export const GOSSIP_ELECTION_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'leader-became',
    loggers: ELECTION,
    fabric: '1.0.0+ (DEBUG in 1.0)',
    hint: ' : Becoming a leader',
    message: /^(?<own>.*) : Becoming a leader$/,
    toEvent: (group) => ({ kind: 'election.leader-became', pkiId: parsePkiId(group('own')) }),
    samples: [
      {
        line: '2026-11-22 10:32:06.501 UTC [gossip.election] beLeader -> INFO 03c fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01 : Becoming a leader',
        expect: { kind: 'election.leader-became', pkiId: 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01' },
      },
      {
        line: '2026-11-22 11:12:55.925 UTC [gossip/election] beLeader -> INFO 02b [49 39 227 157 185 122 87 53 233 75 114 59 169 10 104 88 133 46 83 238 181 13 149 8 241 91 63 170 2 235 120 238] : Becoming a leader',
        expect: { kind: 'election.leader-became', pkiId: '3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee' },
      },
      {
        line: '2026-11-22 11:22:41.189 UTC 0031 INFO [gossip.election] beLeader -> 3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee : Becoming a leader',
        expect: { kind: 'election.leader-became', pkiId: '3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee' },
      },
      {
        line: consoleLine('DEBU', 'gossip/election', '[1 2 254 255] : Becoming a leader'),
        source: 'Fabric 1.0 gossip/election/election.go',
        expect: { kind: 'election.leader-became', pkiId: '0102feff' },
      },
    ],
  }),
  definePattern({
    name: 'leader-stopped',
    loggers: ELECTION,
    fabric: '1.0.0+ (DEBUG in 1.0)',
    hint: ' Stopped being a leader',
    message: /^(?<own>.*?)(?: :)? Stopped being a leader$/,
    toEvent: (group) => ({ kind: 'election.leader-stopped', pkiId: parsePkiId(group('own')) }),
    samples: [
      {
        line: '2026-11-22 10:33:14.316 UTC [gossip.election] stopBeingLeader -> INFO 040 537003b1a10348bcc90dec0151fd3351e0cd751046b01a26892a131edbcaac15 Stopped being a leader',
        expect: { kind: 'election.leader-stopped', pkiId: '537003b1a10348bcc90dec0151fd3351e0cd751046b01a26892a131edbcaac15' },
      },
      {
        line: '2026-11-22 11:23:11.874 UTC 0045 INFO [gossip.election] stopBeingLeader -> 5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16 Stopped being a leader',
        expect: { kind: 'election.leader-stopped', pkiId: '5ca353ec7a56cee6a947b2cc0b81bbe5ee2b03be4e729cc975b53ed829df4f16' },
      },
      {
        line: consoleLine('DEBU', 'gossip/election', '[1 2 254 255] Stopped being a leader'),
        source: 'Fabric 1.0-1.3 gossip/election/election.go',
        expect: { kind: 'election.leader-stopped', pkiId: '0102feff' },
      },
    ],
  }),
  definePattern({
    name: 'leader-known',
    loggers: ELECTION,
    fabric: '1.0.0+ (DEBUG in 1.0)',
    hint: ' : Some peer is already a leader',
    message: /^(?<own>.*) : Some peer is already a leader$/,
    toEvent: (group) => ({ kind: 'election.leader-known', pkiId: parsePkiId(group('own')) }),
    samples: [
      {
        line: '2026-11-22 10:32:31.513 UTC [gossip.election] leaderElection -> INFO 03b b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524 : Some peer is already a leader',
        expect: { kind: 'election.leader-known', pkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524' },
      },
      {
        line: '2026-11-22 11:12:55.940 UTC [gossip/election] leaderElection -> INFO 02b [107 109 84 33 15 159 98 220 246 76 21 19 51 38 249 183 52 70 139 98 137 190 230 50 145 202 187 28 248 10 114 102] : Some peer is already a leader',
        expect: { kind: 'election.leader-known', pkiId: '6b6d54210f9f62dcf64c15133326f9b734468b6289bee63291cabb1cf80a7266' },
      },
      {
        line: consoleLine('DEBU', 'gossip/election', '[1 2 254 255] : Some peer is already a leader'),
        source: 'Fabric 1.0-1.3 gossip/election/election.go',
        expect: { kind: 'election.leader-known', pkiId: '0102feff' },
      },
    ],
  }),
  definePattern({
    name: 'election-message-heard',
    loggers: ELECTION,
    levels: ['DEBU'],
    fabric: '1.0.0+',
    hint: ' sent us ',
    message: /^(?<own>.*) : (?<from>\[[\d ]+\]|[0-9a-f]+) sent us (?<what>declaration|proposal)$/,
    toEvent: (group) => {
      const fromPkiId = parsePkiId(group('from'));
      return fromPkiId === null ? null : { kind: 'election.message-heard', fromPkiId, declaration: group('what') === 'declaration' };
    },
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.election',
          'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01 : b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524 sent us declaration',
        ),
        source: 'Fabric 1.4-3.1 gossip/election/election.go',
        expect: { kind: 'election.message-heard', fromPkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524', declaration: true },
      },
      {
        line: consoleLine('DEBU', 'gossip/election', '[1 2 254 255] : [3 4 253 252] sent us proposal'),
        source: 'Fabric 1.0-1.3 gossip/election/election.go',
        expect: { kind: 'election.message-heard', fromPkiId: '0304fdfc', declaration: false },
      },
    ],
  }),
];
