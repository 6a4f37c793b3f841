import { consoleLine, definePattern, type Pattern } from '../pattern.js';

const SERVICE = ['gossip.service'];

/** `[a:7051 b:7051]` as a list. */
function endpointsOf(list: string): readonly string[] {
  return list.split(' ').filter((endpoint) => endpoint !== '');
}

/** gossip/service: one object per process, one state per channel. */
export const GOSSIP_SERVICE_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'gossip-initialized',
    loggers: SERVICE,
    fabric: '1.0.0+; the bootstrap set up to 1.4.12',
    hint: 'Initialize gossip with endpoint ',
    message: /^Initialize gossip with endpoint (?<endpoint>\S+)(?: and bootstrap set \[(?<bootstrap>.*)\])?$/,
    toEvent: (group, record) => ({
      kind: 'gossip.initialized',
      endpoint: group('endpoint'),
      bootstrap: record.message.includes(' and bootstrap set ') ? endpointsOf(group('bootstrap')) : null,
    }),
    samples: [
      {
        line: '2026-11-22 10:31:01.025 UTC [gossip.service] func1 -> INFO 013 Initialize gossip with endpoint peer0.org1.example.com:7051 and bootstrap set [peer1.org1.example.com:8051]',
        expect: { kind: 'gossip.initialized', endpoint: 'peer0.org1.example.com:7051', bootstrap: ['peer1.org1.example.com:8051'] },
      },
      {
        line: '2026-11-22 10:55:45.845 UTC [gossip.service] New -> INFO 010 Initialize gossip with endpoint peer0.org1.example.com:7051',
        expect: { kind: 'gossip.initialized', endpoint: 'peer0.org1.example.com:7051', bootstrap: null },
      },
      {
        line: '2026-11-22 10:34:51.415 UTC [gossip.service] func1 -> INFO 013 Initialize gossip with endpoint peer0.org1.example.com:7051 and bootstrap set [127.0.0.1:7051]',
        expect: { kind: 'gossip.initialized', endpoint: 'peer0.org1.example.com:7051', bootstrap: ['127.0.0.1:7051'] },
      },
      {
        line: '2026-11-22 11:09:01.939 UTC [gossip/service] func1 -> INFO 00e Initialize gossip with endpoint peer0.org1.example.com:7051 and bootstrap set [peer1.org1.example.com:8051]',
        expect: { kind: 'gossip.initialized', endpoint: 'peer0.org1.example.com:7051', bootstrap: ['peer1.org1.example.com:8051'] },
      },
      {
        line: consoleLine('INFO', 'gossip.service', 'Initialize gossip with endpoint a.org:7051 and bootstrap set [b.org:7051 c.org:7051]'),
        source: 'Fabric 1.0-1.4 gossip/service/gossip_service.go',
        expect: { kind: 'gossip.initialized', endpoint: 'a.org:7051', bootstrap: ['b.org:7051', 'c.org:7051'] },
      },
      {
        line: consoleLine('INFO', 'gossip.service', 'Initialize gossip with endpoint a.org:7051 and bootstrap set []'),
        source: 'Fabric 1.0-1.4 gossip/service/gossip_service.go',
        expect: { kind: 'gossip.initialized', endpoint: 'a.org:7051', bootstrap: [] },
      },
    ],
  }),
  definePattern({
    name: 'leader-elected',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Elected as a leader, starting delivery service for channel ',
    message: /^Elected as a leader, starting delivery service for channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.leader-elected', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 10:32:06.501 UTC [gossip.service] func1 -> INFO 03d Elected as a leader, starting delivery service for channel mychannel',
        expect: { kind: 'election.leader-elected', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:12:55.926 UTC [gossip/service] func1 -> INFO 02c Elected as a leader, starting delivery service for channel mychannel',
        expect: { kind: 'election.leader-elected', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:22:41.189 UTC 0032 INFO [gossip.service] func1 -> Elected as a leader, starting delivery service for channel mychannel',
        expect: { kind: 'election.leader-elected', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'leadership-renounced',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Renounced leadership, stopping delivery service for channel ',
    message: /^Renounced leadership, stopping delivery service for channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.leadership-renounced', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 10:33:14.316 UTC [gossip.service] func1 -> INFO 041 Renounced leadership, stopping delivery service for channel mychannel',
        expect: { kind: 'election.leadership-renounced', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:23:11.874 UTC 0046 INFO [gossip.service] func1 -> Renounced leadership, stopping delivery service for channel mychannel',
        expect: { kind: 'election.leadership-renounced', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'mode-dynamic',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Delivery uses dynamic leader election mechanism, channel ',
    message: /^Delivery uses dynamic leader election mechanism, channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.mode-told', mode: 'dynamic', channel: group('channel') }),
    samples: [
      {
        line: consoleLine('DEBU', 'gossip.service', 'Delivery uses dynamic leader election mechanism, channel mychannel'),
        source: 'Fabric 1.0-3.1 gossip/service/gossip_service.go',
        expect: { kind: 'election.mode-told', mode: 'dynamic', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'mode-static-leader',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'This peer is configured to connect to ordering service for blocks delivery, channel ',
    message: /^This peer is configured to connect to ordering service for blocks delivery, channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.mode-told', mode: 'static-leader', channel: group('channel') }),
    samples: [
      {
        line: consoleLine('DEBU', 'gossip.service', 'This peer is configured to connect to ordering service for blocks delivery, channel mychannel'),
        source: 'Fabric 1.0-3.1 gossip/service/gossip_service.go',
        expect: { kind: 'election.mode-told', mode: 'static-leader', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'mode-static-follower',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'This peer is not configured to connect to ordering service for blocks delivery, channel ',
    message: /^This peer is not configured to connect to ordering service for blocks delivery, channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.mode-told', mode: 'static-follower', channel: group('channel') }),
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.service',
          'This peer is not configured to connect to ordering service for blocks delivery, channel mychannel',
        ),
        source: 'Fabric 1.0-3.1 gossip/service/gossip_service.go',
        expect: { kind: 'election.mode-told', mode: 'static-follower', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'not-pulling',
    loggers: SERVICE,
    fabric: '1.1.0-1.4.12',
    hint: 'Failed to update ordering service endpoints, due to Channel with ',
    message: /^Failed to update ordering service endpoints, due to Channel with (?<channel>\S+) id was not found$/,
    toEvent: (group) => ({ kind: 'channel.not-pulling', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 10:33:28.507 UTC [gossip.service] updateEndpoints -> WARN 040 Failed to update ordering service endpoints, due to Channel with mychannel id was not found',
        expect: { kind: 'channel.not-pulling', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:09:35.719 UTC [gossip/service] updateEndpoints -> WARN 030 Failed to update ordering service endpoints, due to Channel with mychannel id was not found',
        expect: { kind: 'channel.not-pulling', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'organization-missing',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Tried joining channel ',
    message: /^Tried joining channel (?<channel>\S+) but our org\( ?(?<mspId>.*?) ?\), isn't among the orgs of the channel: .*, aborting\.$/,
    toEvent: (group) => ({ kind: 'channel.organization-missing', channel: group('channel'), mspId: group('mspId') || null }),
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'gossip.service',
          "Tried joining channel mychannel but our org( Org3MSP ), isn't among the orgs of the channel: [Org1MSP Org2MSP] , aborting.",
        ),
        source: 'Fabric 1.0-3.1 gossip/service/gossip_service.go',
        expect: { kind: 'channel.organization-missing', channel: 'mychannel', mspId: 'Org3MSP' },
      },
    ],
  }),
  definePattern({
    name: 'chain-stopping',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Stopping chain ',
    message: /^Stopping chain \S+$/,
    toEvent: () => ({ kind: 'process.stopping', how: 'chain-stop', signal: null }),
    samples: [
      {
        line: '2026-11-22 11:13:42.605 UTC [gossip/service] Stop -> INFO 03b Stopping chain mychannel',
        expect: { kind: 'process.stopping', how: 'chain-stop', signal: null },
      },
      {
        line: '2026-11-22 11:11:16.344 UTC [gossip.service] Stop -> INFO 058 Stopping chain mychannel',
        expect: { kind: 'process.stopping', how: 'chain-stop', signal: null },
      },
      {
        line: '2026-11-22 11:23:38.311 UTC 0060 INFO [gossip.service] Stop -> Stopping chain mychannel',
        expect: { kind: 'process.stopping', how: 'chain-stop', signal: null },
      },
    ],
  }),
  definePattern({
    name: 'election-stopping',
    loggers: SERVICE,
    fabric: '1.0.0+',
    hint: 'Stopping leader election for ',
    message: /^Stopping leader election for (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'election.stopping', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 11:13:42.606 UTC [gossip/service] Stop -> INFO 03c Stopping leader election for mychannel',
        expect: { kind: 'election.stopping', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:11:16.345 UTC [gossip.service] Stop -> INFO 059 Stopping leader election for mychannel',
        expect: { kind: 'election.stopping', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:23:38.311 UTC 0061 INFO [gossip.service] Stop -> Stopping leader election for mychannel',
        expect: { kind: 'election.stopping', channel: 'mychannel' },
      },
    ],
  }),
];
