import type { BodyOf, EventBody } from '../../events/event.js';
import { findMemberInMessage, parseMember } from '../member-text.js';
import { consoleLine, definePattern, type Pattern, wholeNumber } from '../pattern.js';

const GOSSIP = ['gossip.gossip'];

/** `[{host port} …]`, an api.AnchorPeer list printed by value, as `host:port`; null when it is no such list. */
function anchorsOf(list: string): readonly string[] | null {
  if (!/^\[(?:\{\S* \d+\}(?: |(?=\]$)))*\]$/.test(list)) return null;
  return [...list.matchAll(/\{(\S*) (\d+)\}/g)].map(([, host, port]) => `${host}:${port}`);
}

/** An MSP ID that `%v` printed as the decimal bytes of its []byte. */
function mspIdOf(text: string): string | null {
  const bytes = /^\[(\d{1,3}(?: \d{1,3})*)\]$/.exec(text);
  if (bytes === null) return text === '' ? null : text;
  return Buffer.from((bytes[1] as string).split(' ').map(Number)).toString('utf8');
}

function rejectedMessage(text: string): BodyOf<'gossip.message-rejected'>['message'] {
  if (/state_info(?:_message)?:/.test(text)) return 'state-info';
  return /alive_msg:|Alive Message:/.test(text) ? 'alive' : 'other';
}

function rejection(text: string, reason: string | null): EventBody {
  return { kind: 'gossip.message-rejected', message: rejectedMessage(text), sender: findMemberInMessage(text), reason };
}

/** gossip/gossip: the gossip instance, joining of channels, anchor peers. */
export const GOSSIP_GOSSIP_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'self-named',
    loggers: GOSSIP,
    fabric: '1.0.0+',
    hint: 'Creating gossip service with self membership of ',
    message: /^Creating gossip service with self membership of (?<member>.*)$/,
    toEvent: (group) => {
      const self = parseMember(group('member'));
      return self === null ? null : { kind: 'gossip.self-named', self };
    },
    samples: [
      {
        line: '2026-11-22 10:31:01.031 UTC [gossip.gossip] NewGossipService -> INFO 014 Creating gossip service with self membership of Endpoint: peer0.org1.example.com:7051, InternalEndpoint: peer0.org1.example.com:7051, PKI-ID: fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01, Metadata: ',
        expect: {
          kind: 'gossip.self-named',
          self: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: 'peer0.org1.example.com:7051',
            pkiId: 'fefb6abfe8fd217614e50c506a2d4b3480a8df1c0b40b8d1b7cdcde8b9a61e01',
          },
        },
      },
      {
        line: '2026-11-22 11:09:01.962 UTC [gossip/gossip] NewGossipService -> INFO 012 Creating gossip service with self membership of {peer0.org1.example.com:7051 [] [14 141 152 244 183 11 180 23 249 63 200 239 111 101 44 155 214 164 49 75 197 197 190 69 56 59 176 214 16 154 228 152] peer0.org1.example.com:7051}',
        expect: {
          kind: 'gossip.self-named',
          self: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: 'peer0.org1.example.com:7051',
            pkiId: '0e8d98f4b70bb417f93fc8ef6f652c9bd6a4314bc5c5be45383bb0d6109ae498',
          },
        },
      },
      {
        line: '2026-11-22 11:09:01.937 UTC [gossip/gossip] NewGossipService -> INFO 017 Creating gossip service with self membership of {peer0.org1.example.com:7051 [] [49 39 227 157 185 122 87 53 233 75 114 59 169 10 104 88 133 46 83 238 181 13 149 8 241 91 63 170 2 235 120 238] peer0.org1.example.com:7051 <nil>}',
        expect: {
          kind: 'gossip.self-named',
          self: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: 'peer0.org1.example.com:7051',
            pkiId: '3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee',
          },
        },
      },
      {
        line: '2026-11-22 11:12:41.989 UTC [gossip/gossip] NewGossipService -> INFO 012 Creating gossip service with self membership of {peer0.org1.example.com:7051 [] [49 39 227 157 185 122 87 53 233 75 114 59 169 10 104 88 133 46 83 238 181 13 149 8 241 91 63 170 2 235 120 238] peer0.org1.example.com:7051 <nil> <nil>}',
        expect: {
          kind: 'gossip.self-named',
          self: {
            endpoint: 'peer0.org1.example.com:7051',
            internalEndpoint: 'peer0.org1.example.com:7051',
            pkiId: '3127e39db97a5735e94b723ba90a6858852e53eeb50d9508f15b3faa02eb78ee',
          },
        },
      },
      {
        line: consoleLine('INFO', 'gossip/gossip', 'Creating gossip service with self membership of { [] [1 2 254 255] a.org:7051 <nil> <nil>}'),
        source: 'Fabric 1.0-1.3 gossip/gossip/gossip_impl.go, no external endpoint',
        expect: { kind: 'gossip.self-named', self: { endpoint: null, internalEndpoint: 'a.org:7051', pkiId: '0102feff' } },
      },
    ],
  }),
  definePattern({
    name: 'instance-started',
    loggers: GOSSIP,
    fabric: '1.0.0+',
    hint: 'Gossip instance ',
    message: /^Gossip instance (?<endpoint>\S+) started$/,
    toEvent: (group) => ({ kind: 'gossip.instance-started', endpoint: group('endpoint') }),
    samples: [
      {
        line: '2026-11-22 10:31:01.032 UTC [gossip.gossip] start -> INFO 015 Gossip instance peer0.org1.example.com:7051 started',
        expect: { kind: 'gossip.instance-started', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: '2026-11-22 11:09:01.979 UTC [gossip/gossip] start -> INFO 014 Gossip instance peer0.org1.example.com:7051 started',
        expect: { kind: 'gossip.instance-started', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: '2026-11-22 11:22:29.813 UTC 0015 INFO [gossip.gossip] start -> Gossip instance peer0.org1.example.com:7051 started',
        expect: { kind: 'gossip.instance-started', endpoint: 'peer0.org1.example.com:7051' },
      },
    ],
  }),
  definePattern({
    name: 'gossip-stopping',
    loggers: GOSSIP,
    fabric: '1.0.0+',
    hint: 'Stopping gossip',
    message: /^Stopping gossip$/,
    toEvent: () => ({ kind: 'process.stopping', how: 'gossip-stop', signal: null }),
    samples: [
      {
        line: '2026-11-22 11:13:42.609 UTC [gossip/gossip] Stop -> INFO 03d Stopping gossip',
        expect: { kind: 'process.stopping', how: 'gossip-stop', signal: null },
      },
      {
        line: '2026-11-22 11:11:16.345 UTC [gossip.gossip] Stop -> INFO 05a Stopping gossip',
        expect: { kind: 'process.stopping', how: 'gossip-stop', signal: null },
      },
      {
        line: '2026-11-22 11:23:38.311 UTC 0062 INFO [gossip.gossip] Stop -> Stopping gossip',
        expect: { kind: 'process.stopping', how: 'gossip-stop', signal: null },
      },
    ],
  }),
  definePattern({
    name: 'external-endpoint-missing',
    loggers: GOSSIP,
    fabric: '1.0.0+',
    hint: 'External endpoint is empty, peer will not be accessible outside of its organization',
    message: /^External endpoint is empty, peer will not be accessible outside of its organization$/,
    toEvent: () => ({ kind: 'gossip.external-endpoint-missing' }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.gossip', 'External endpoint is empty, peer will not be accessible outside of its organization'),
        source: 'Fabric 1.0-3.1 gossip/gossip/gossip_impl.go',
        expect: { kind: 'gossip.external-endpoint-missing' },
      },
    ],
  }),
  definePattern({
    name: 'channel-configured',
    loggers: GOSSIP,
    fabric: '1.2.1+',
    hint: 'Joining gossip network of channel ',
    message: /^Joining gossip network of channel (?<channel>\S+) with (?<organizations>\d+) organizations$/,
    toEvent: (group) => {
      const organizations = wholeNumber(group('organizations'));
      return organizations === null ? null : { kind: 'channel.configured', channel: group('channel'), organizations };
    },
    samples: [
      {
        line: '2026-11-22 10:32:00.484 UTC [gossip.gossip] JoinChan -> INFO 030 Joining gossip network of channel mychannel with 2 organizations',
        expect: { kind: 'channel.configured', channel: 'mychannel', organizations: 2 },
      },
      {
        line: '2026-11-22 11:12:49.881 UTC [gossip/gossip] JoinChan -> INFO 022 Joining gossip network of channel mychannel with 2 organizations',
        expect: { kind: 'channel.configured', channel: 'mychannel', organizations: 2 },
      },
      {
        line: '2026-11-22 11:22:35.184 UTC 002a INFO [gossip.gossip] JoinChan -> Joining gossip network of channel mychannel with 2 organizations',
        expect: { kind: 'channel.configured', channel: 'mychannel', organizations: 2 },
      },
    ],
  }),
  definePattern({
    name: 'anchors-absent',
    loggers: GOSSIP,
    fabric: '1.2.1+',
    hint: 'No configured anchor peers of ',
    message: /^No configured anchor peers of (?<mspId>.+) for channel (?<channel>\S+) to learn about$/,
    toEvent: (group) => ({ kind: 'channel.anchors-absent', channel: group('channel'), mspId: group('mspId') }),
    samples: [
      {
        line: '2026-11-22 10:32:00.485 UTC [gossip.gossip] learnAnchorPeers -> INFO 031 No configured anchor peers of Org1MSP for channel mychannel to learn about',
        expect: { kind: 'channel.anchors-absent', channel: 'mychannel', mspId: 'Org1MSP' },
      },
      {
        line: '2026-11-22 11:12:49.881 UTC [gossip/gossip] learnAnchorPeers -> INFO 023 No configured anchor peers of Org1MSP for channel mychannel to learn about',
        expect: { kind: 'channel.anchors-absent', channel: 'mychannel', mspId: 'Org1MSP' },
      },
      {
        line: '2026-11-22 11:22:35.185 UTC 002b INFO [gossip.gossip] learnAnchorPeers -> No configured anchor peers of Org1MSP for channel mychannel to learn about',
        expect: { kind: 'channel.anchors-absent', channel: 'mychannel', mspId: 'Org1MSP' },
      },
    ],
  }),
  definePattern({
    name: 'anchors-learned',
    loggers: GOSSIP,
    fabric: '1.2.1+; a blank before the colon up to 1.4.7 and 2.2.0',
    hint: 'Learning about the configured anchor peers of ',
    message: /^Learning about the configured anchor peers of (?<mspId>.+) for channel (?<channel>\S+?) ?: (?<anchors>\[.*\])$/,
    toEvent: (group) => {
      const anchors = anchorsOf(group('anchors'));
      return anchors === null ? null : { kind: 'channel.anchors-learned', channel: group('channel'), mspId: group('mspId'), anchors };
    },
    samples: [
      {
        line: '2026-11-22 10:33:28.490 UTC [gossip.gossip] learnAnchorPeers -> INFO 043 Learning about the configured anchor peers of Org1MSP for channel mychannel: [{peer0.org1.example.com 7051}]',
        expect: { kind: 'channel.anchors-learned', channel: 'mychannel', mspId: 'Org1MSP', anchors: ['peer0.org1.example.com:7051'] },
      },
      {
        line: '2026-11-22 11:13:15.269 UTC [gossip/gossip] learnAnchorPeers -> INFO 02f Learning about the configured anchor peers of Org1MSP for channel mychannel : [{peer0.org1.example.com 7051}]',
        expect: { kind: 'channel.anchors-learned', channel: 'mychannel', mspId: 'Org1MSP', anchors: ['peer0.org1.example.com:7051'] },
      },
      {
        line: '2026-11-22 11:10:48.847 UTC [gossip.gossip] learnAnchorPeers -> INFO 039 Learning about the configured anchor peers of Org1MSP for channel mychannel : [{peer0.org1.example.com 7051}]',
        expect: { kind: 'channel.anchors-learned', channel: 'mychannel', mspId: 'Org1MSP', anchors: ['peer0.org1.example.com:7051'] },
      },
      {
        line: '2026-11-22 11:02:17.448 UTC [gossip.gossip] learnAnchorPeers -> INFO 07a Learning about the configured anchor peers of Org1MSP for channel mychannel: [{peer0.org1.example.com 7051} {peer1.org1.example.com 8051}]',
        expect: {
          kind: 'channel.anchors-learned',
          channel: 'mychannel',
          mspId: 'Org1MSP',
          anchors: ['peer0.org1.example.com:7051', 'peer1.org1.example.com:8051'],
        },
      },
      {
        line: consoleLine(
          'INFO',
          'gossip.gossip',
          'Learning about the configured anchor peers of Org2MSP for channel c2: [{10.0.0.5 7051} {fd00::5 7051}]',
        ),
        source: 'Fabric 1.2-3.1 gossip/gossip/gossip_impl.go, an organization with an empty list of anchors is told otherwise',
        expect: { kind: 'channel.anchors-learned', channel: 'c2', mspId: 'Org2MSP', anchors: ['10.0.0.5:7051', 'fd00::5:7051'] },
      },
    ],
  }),
  definePattern({
    name: 'anchor-is-self',
    loggers: GOSSIP,
    fabric: '1.0.0+; the channel from 1.4.8 and 2.2.1',
    hint: 'with same endpoint, skipping connecting to myself',
    message: /^Anchor peer (?:for channel (?<channel>\S+) )?with same endpoint, skipping connecting to myself$/,
    toEvent: (group) => ({ kind: 'channel.anchor-is-self', channel: group('channel') || null }),
    samples: [
      {
        line: '2026-11-22 10:33:28.490 UTC [gossip.gossip] learnAnchorPeers -> INFO 044 Anchor peer for channel mychannel with same endpoint, skipping connecting to myself',
        expect: { kind: 'channel.anchor-is-self', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:13:15.269 UTC [gossip/gossip] learnAnchorPeers -> INFO 030 Anchor peer with same endpoint, skipping connecting to myself',
        expect: { kind: 'channel.anchor-is-self', channel: null },
      },
      {
        line: '2026-11-22 11:10:48.847 UTC [gossip.gossip] learnAnchorPeers -> INFO 03a Anchor peer with same endpoint, skipping connecting to myself',
        expect: { kind: 'channel.anchor-is-self', channel: null },
      },
      {
        line: '2026-11-22 11:22:57.967 UTC 003b INFO [gossip.gossip] learnAnchorPeers -> Anchor peer for channel mychannel with same endpoint, skipping connecting to myself',
        expect: { kind: 'channel.anchor-is-self', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'anchor-unreachable-without-external-endpoint',
    loggers: GOSSIP,
    fabric: '1.0.0+',
    hint: 'and we have no external endpoint, skipping',
    message: /^Anchor peer (?<endpoint>\S+:\d+) isn't in our org\((?<mspId>.*)\) and we have no external endpoint, skipping$/,
    toEvent: (group) => ({
      kind: 'channel.anchor-skipped',
      channel: null,
      endpoint: group('endpoint'),
      ownMspId: mspIdOf(group('mspId')),
      reason: 'no-external-endpoint',
    }),
    samples: [
      {
        line: consoleLine(
          'INFO',
          'gossip.gossip',
          "Anchor peer peer0.org2.example.com:9051 isn't in our org([79 114 103 49 77 83 80]) and we have no external endpoint, skipping",
        ),
        source: 'Fabric 1.0-3.1 gossip/gossip/gossip_impl.go',
        expect: {
          kind: 'channel.anchor-skipped',
          channel: null,
          endpoint: 'peer0.org2.example.com:9051',
          ownMspId: 'Org1MSP',
          reason: 'no-external-endpoint',
        },
      },
      {
        line: consoleLine(
          'INFO',
          'gossip.gossip',
          "Anchor peer peer0.org2.example.com:9051 isn't in our org(Org1MSP) and we have no external endpoint, skipping",
        ),
        source: 'Fabric 1.0-3.1 gossip/gossip/gossip_impl.go',
        expect: {
          kind: 'channel.anchor-skipped',
          channel: null,
          endpoint: 'peer0.org2.example.com:9051',
          ownMspId: 'Org1MSP',
          reason: 'no-external-endpoint',
        },
      },
    ],
  }),
  definePattern({
    name: 'anchor-host-empty',
    loggers: GOSSIP,
    fabric: '1.0.0+; the channel from 1.4.8 and 2.2.1',
    hint: 'Got empty hostname',
    message: /^Got empty hostname(?: for channel (?<channel>\S+))?, skipping connecting to anchor peer .*$/,
    toEvent: (group) => ({
      kind: 'channel.anchor-skipped',
      channel: group('channel') || null,
      endpoint: null,
      ownMspId: null,
      reason: 'empty-host',
    }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.gossip', 'Got empty hostname, skipping connecting to anchor peer { 7051}'),
        source: 'Fabric 1.0-1.4.7, 2.0 gossip/gossip/gossip_impl.go',
        expect: { kind: 'channel.anchor-skipped', channel: null, endpoint: null, ownMspId: null, reason: 'empty-host' },
      },
      {
        line: consoleLine('WARN', 'gossip.gossip', 'Got empty hostname for channel mychannel, skipping connecting to anchor peer { 7051}'),
        source: 'Fabric 1.4.8, 2.2.1 gossip/gossip/gossip_impl.go',
        expect: { kind: 'channel.anchor-skipped', channel: 'mychannel', endpoint: null, ownMspId: null, reason: 'empty-host' },
      },
    ],
  }),
  definePattern({
    name: 'anchor-port-invalid',
    loggers: GOSSIP,
    fabric: '1.0.0+; the channel from 1.4.8 and 2.2.1',
    hint: 'Got invalid port (0)',
    message: /^Got invalid port \(0\)(?: for channel (?<channel>\S+))?, skipping connecting to anchor peer \{?(?<host>\S*?)(?: \d+\})?$/,
    toEvent: (group) => ({
      kind: 'channel.anchor-skipped',
      channel: group('channel') || null,
      endpoint: group('host') === '' ? null : `${group('host')}:0`,
      ownMspId: null,
      reason: 'invalid-port',
    }),
    samples: [
      {
        line: consoleLine('WARN', 'gossip.gossip', 'Got invalid port (0), skipping connecting to anchor peer {peer0.org2.example.com 0}'),
        source: 'Fabric 1.0-1.4.7, 2.0 gossip/gossip/gossip_impl.go',
        expect: { kind: 'channel.anchor-skipped', channel: null, endpoint: 'peer0.org2.example.com:0', ownMspId: null, reason: 'invalid-port' },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip.gossip',
          'Got invalid port (0) for channel mychannel, skipping connecting to anchor peer {peer0.org2.example.com 0}',
        ),
        source: 'Fabric 1.4.8, 2.2.1 gossip/gossip/gossip_impl.go',
        expect: {
          kind: 'channel.anchor-skipped',
          channel: 'mychannel',
          endpoint: 'peer0.org2.example.com:0',
          ownMspId: null,
          reason: 'invalid-port',
        },
      },
    ],
  }),
  definePattern({
    name: 'deep-probe-failed',
    loggers: GOSSIP,
    fabric: '1.0.0+; the channel from 1.4.8 and 2.2.1',
    hint: 'Deep probe of ',
    message: /^Deep probe of (?<target>\S+)(?: for channel (?<channel>\S+))? failed: (?<reason>.*)$/,
    toEvent: (group) => ({
      kind: 'gossip.deep-probe-failed',
      target: group('target'),
      channel: group('channel') || null,
      reason: group('reason'),
    }),
    samples: [
      {
        line: '2026-11-22 11:02:20.450 UTC [gossip.gossip] func1 -> WARN 0ac Deep probe of peer0.org2.example.com:9051 for channel mychannel failed: context deadline exceeded',
        expect: {
          kind: 'gossip.deep-probe-failed',
          target: 'peer0.org2.example.com:9051',
          channel: 'mychannel',
          reason: 'context deadline exceeded',
        },
      },
      {
        line: consoleLine('WARN', 'gossip.gossip', 'Deep probe of peer0.org2.example.com:9051 failed: context deadline exceeded'),
        source: 'Fabric 1.0-1.4.7, 2.0 gossip/gossip/gossip_impl.go',
        expect: { kind: 'gossip.deep-probe-failed', target: 'peer0.org2.example.com:9051', channel: null, reason: 'context deadline exceeded' },
      },
    ],
  }),
  definePattern({
    name: 'state-info-invalid',
    loggers: GOSSIP,
    levels: ['WARN'],
    fabric: '1.0.0+',
    hint: 'StateInfo message ',
    message: /^StateInfo message (?<text>[\s\S]*) is found invalid: (?<reason>.*)/,
    multiLine: true,
    toEvent: (group) => rejection(group('text'), group('reason')),
    samples: [
      {
        line: '2026-11-22 10:33:29.759 UTC [gossip.gossip] validateMsg -> WARN 045 StateInfo message GossipMessage: tag:CHAN_OR_ORG state_info:<timestamp:<inc_num:1795343545743991337 seq_num:1795343608516497183 > pki_id:"\\271b\\275(\\341\\206 \\267r\\360\\232\\260\\036q\\030%X::\\314\\t\\324\\371\\3067\\222\\210\\343\\267\\001\\025$" channel_MAC:"@\\017\\220\\230\\300iQ\\222\\324\\345}\\314t\\240\\370A\\252\\317l\\366HFG\\026\\353U=\\007\\004x\\211\\303" properties:<ledger_height:2 > > , Envelope: 98 bytes, Signature: 70 bytes is found invalid: PKIID wasn\'t found',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'state-info',
          sender: { endpoint: null, internalEndpoint: null, pkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524' },
          reason: "PKIID wasn't found",
        },
      },
      {
        line: '2026-11-22 10:56:02.093 UTC [gossip.gossip] validateMsg -> WARN 037 StateInfo message GossipMessage: Channel: , nonce: 0, tag: CHAN_OR_ORG state_info_message: Timestamp:inc_num:1795344958081900792 seq_num:1795344961521005551 PKI-id:eec2f2f0739d2d8fcd8de900ad8f505a0dcae68a8969ab217da9a8b30df58e1c channel MAC:e81ec275c7aa76a43a9fe6a03aaafcc4a22adf5c4b5dcb66023529d8410a31f7 properties:ledger_height:2 chaincodes:<name:"_lifecycle" version:"1" > , Envelope: 115 bytes, Signature: 71 bytes is found invalid: PKIID wasn\'t found',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'state-info',
          sender: { endpoint: null, internalEndpoint: null, pkiId: 'eec2f2f0739d2d8fcd8de900ad8f505a0dcae68a8969ab217da9a8b30df58e1c' },
          reason: "PKIID wasn't found",
        },
      },
      {
        line: '2026-11-22 11:22:59.474 UTC 003e WARN [gossip.gossip] validateMsg -> StateInfo message GossipMessage: Channel: , nonce: 0, tag: CHAN_OR_ORG state_info_message: Timestamp:inc_num:1795346555462968103 seq_num:1795346577963073797 PKI-id:6b6d54210f9f62dcf64c15133326f9b734468b6289bee63291cabb1cf80a7266 channel MAC:f0a9e5ac5ca13db8cc9a6d98cda090d6e5fd65cdbe5be763990a4195178e9fea properties:ledger_height:2 chaincodes:<name:"_lifecycle" version:"1" > , Envelope: 115 bytes, Signature: 70 bytes is found invalid: PKIID wasn\'t found',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'state-info',
          sender: { endpoint: null, internalEndpoint: null, pkiId: '6b6d54210f9f62dcf64c15133326f9b734468b6289bee63291cabb1cf80a7266' },
          reason: "PKIID wasn't found",
        },
      },
    ],
  }),
  definePattern({
    name: 'message-invalid',
    loggers: GOSSIP,
    levels: ['WARN'],
    fabric: '1.0.0+',
    hint: 'Message ',
    message: /^Message (?<text>[\s\S]*) isn't valid$/,
    multiLine: true,
    toEvent: (group) => rejection(group('text'), null),
    samples: [
      {
        line: '2026-11-22 10:33:29.759 UTC [gossip.gossip] handleMessage -> WARN 046 Message GossipMessage: tag:CHAN_OR_ORG state_info:<timestamp:<inc_num:1795343545743991337 seq_num:1795343608516497183 > pki_id:"\\271b\\275(\\341\\206 \\267r\\360\\232\\260\\036q\\030%X::\\314\\t\\324\\371\\3067\\222\\210\\343\\267\\001\\025$" channel_MAC:"@\\017\\220\\230\\300iQ\\222\\324\\345}\\314t\\240\\370A\\252\\317l\\366HFG\\026\\353U=\\007\\004x\\211\\303" properties:<ledger_height:2 > > , Envelope: 98 bytes, Signature: 70 bytes isn\'t valid',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'state-info',
          sender: { endpoint: null, internalEndpoint: null, pkiId: 'b962bd28e18620b772f09ab01e711825583a3acc09d4f9c6379288e3b7011524' },
          reason: null,
        },
      },
      {
        line: '2026-11-22 10:56:02.097 UTC [gossip.gossip] handleMessage -> WARN 038 Message GossipMessage: Channel: , nonce: 0, tag: CHAN_OR_ORG state_info_message: Timestamp:inc_num:1795344958081900792 seq_num:1795344961521005551 PKI-id:eec2f2f0739d2d8fcd8de900ad8f505a0dcae68a8969ab217da9a8b30df58e1c channel MAC:e81ec275c7aa76a43a9fe6a03aaafcc4a22adf5c4b5dcb66023529d8410a31f7 properties:ledger_height:2 chaincodes:<name:"_lifecycle" version:"1" > , Envelope: 115 bytes, Signature: 71 bytes isn\'t valid',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'state-info',
          sender: { endpoint: null, internalEndpoint: null, pkiId: 'eec2f2f0739d2d8fcd8de900ad8f505a0dcae68a8969ab217da9a8b30df58e1c' },
          reason: null,
        },
      },
      {
        line: '2026-11-22 11:09:37.317 UTC [gossip/gossip] handleMessage -> WARN 02f Message GossipMessage: tag:EMPTY alive_msg:<membership:<endpoint:"peer1.org1.example.com:8051" pki_id:" q{\\364\\273\\276[\\301)\\354\\2379\\330\\200PN3\\360g(\\320n#\\273~\\213xK\\261Xf\\367" > timestamp:<inc_num:1795345741961774857 seq_num:27 > > , Envelope: 83 bytes, Signature: 70 bytes isn\'t valid',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'alive',
          sender: {
            endpoint: 'peer1.org1.example.com:8051',
            internalEndpoint: null,
            pkiId: '20717bf4bbbe5bc129ec9f39d880504e33f06728d06e23bb7e8b784bb15866f7',
          },
          reason: null,
        },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip.gossip',
          "Message GossipMessage: Channel: , nonce: 0, tag: EMPTY Alive Message:Membership: Endpoint:peer1.org1.example.com:8051 PKI-id:0102feffIdentity:Org1MSP-----BEGIN CERTIFICATE-----\nMIICKDCCAc+g\n-----END CERTIFICATE-----\nTimestamp:inc_num:1795345741961774857 seq_num:27 , Envelope: 83 bytes, Signature: 70 bytes isn't valid",
        ),
        source: 'Fabric 2.0-3.1 protoext/stringers.go: the certificate brings line feeds',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'alive',
          sender: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: '0102feff' },
          reason: null,
        },
      },
    ],
  }),
  definePattern({
    name: 'identity-invalid',
    loggers: GOSSIP,
    levels: ['WARN'],
    fabric: '1.0.0-1.3.0 (DEBUG later)',
    hint: 'Failed validating identity of ',
    message: /^Failed validating identity of (?<text>[\s\S]*?) reason: (?<reason>.*)/,
    multiLine: true,
    toEvent: (group) => ({
      kind: 'gossip.message-rejected',
      message: 'alive',
      sender: findMemberInMessage(group('text')),
      reason: group('reason'),
    }),
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip/gossip',
          'Failed validating identity of alive_msg:<membership:<endpoint:"peer0.org2.example.com:9051" pki_id:"\\001\\002\\376\\377" > timestamp:<inc_num:1795345741961774857 seq_num:27 > >  reason: PKIID wasn\'t found',
        ),
        source: 'Fabric 1.1-1.3 gossip/gossip/gossip_impl.go',
        expect: {
          kind: 'gossip.message-rejected',
          message: 'alive',
          sender: { endpoint: 'peer0.org2.example.com:9051', internalEndpoint: null, pkiId: '0102feff' },
          reason: "PKIID wasn't found",
        },
      },
    ],
  }),
];
