import type { EventBody } from '../../events/event.js';
import { channelField, consoleLine, definePattern, type Groups, type Pattern, type PatternRecord, wholeNumber } from '../pattern.js';

const CLIENT = ['deliveryClient'];
const PROVIDER_1X = ['blocksProvider'];
const PROVIDER_2X = ['peer.blocksprovider'];
/** 3.x: the CFT receiver logs under peer.blocksprovider, the BFT one under its own name. */
const PROVIDER_3X = ['peer.blocksprovider', 'BlockReceiver'];

const ordererField = (record: PatternRecord): string | null => record.fields.get('orderer-address') || null;

function streamFailed(group: Groups, record: PatternRecord): EventBody {
  return {
    kind: 'deliver.stream-failed',
    channel: group('channel') || channelField(record),
    orderer: group('orderer') || ordererField(record),
    reason: group('reason') || record.message,
  };
}

function unreachable(group: Groups, record: PatternRecord): EventBody {
  return { kind: 'deliver.orderer-unreachable', channel: channelField(record), orderer: ordererField(record), reason: group('reason') };
}

function gaveUp(group: Groups, record: PatternRecord): EventBody {
  return { kind: 'deliver.gave-up', channel: group('channel') || channelField(record), reason: group('reason') || record.message };
}

function arrived(group: Groups, record: PatternRecord): EventBody | null {
  const block = wholeNumber(group('block'));
  return block === null ? null : { kind: 'block.arrived', channel: group('channel') || channelField(record), block, source: 'deliver' };
}

function refused(group: Groups, record: PatternRecord): EventBody | null {
  const block = wholeNumber(group('block'));
  return block === null ? null : { kind: 'block.refused', channel: channelField(record), block, reason: group('reason') };
}

/** The deliver client: how a leader pulls blocks from the ordering service. */
export const DELIVER_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'pulling-up-to-1.4.3',
    loggers: CLIENT,
    levels: ['DEBU'],
    fabric: '1.0.0-1.4.3',
    hint: 'This peer will pass blocks from orderer service to other peers for channel ',
    message: /^This peer will pass blocks from orderer service to other peers for channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'deliver.service-started', channel: group('channel'), disseminates: true }),
    samples: [
      {
        line: consoleLine('DEBU', 'deliveryClient', 'This peer will pass blocks from orderer service to other peers for channel mychannel'),
        source: 'Fabric 1.0-1.4.3 core/deliverservice/deliveryclient.go',
        expect: { kind: 'deliver.service-started', channel: 'mychannel', disseminates: true },
      },
    ],
  }),
  definePattern({
    name: 'pulling-and-disseminating',
    loggers: CLIENT,
    fabric: '1.4.4-1.4.12, 2.0.0+; the channel as a field from 2.2.9, 2.4.7 and 2.5',
    hint: 'This peer will retrieve blocks from ordering service and disseminate',
    message:
      /^This peer will retrieve blocks from ordering service and disseminate to other peers in the organization(?: for channel (?<channel>\S+))?$/,
    toEvent: (group, record) => ({
      kind: 'deliver.service-started',
      channel: group('channel') || channelField(record),
      disseminates: true,
    }),
    samples: [
      {
        line: '2026-11-22 10:32:06.502 UTC [deliveryClient] StartDeliverForChannel -> INFO 03e This peer will retrieve blocks from ordering service and disseminate to other peers in the organization for channel mychannel',
        expect: { kind: 'deliver.service-started', channel: 'mychannel', disseminates: true },
      },
      {
        line: '2026-11-22 10:55:54.121 UTC [deliveryClient] StartDeliverForChannel -> INFO 033 This peer will retrieve blocks from ordering service and disseminate to other peers in the organization channel=mychannel',
        expect: { kind: 'deliver.service-started', channel: 'mychannel', disseminates: true },
      },
      {
        line: '2026-11-22 11:22:41.189 UTC 0033 INFO [deliveryClient] StartDeliverForChannel -> This peer will retrieve blocks from ordering service and disseminate to other peers in the organization channel=mychannel',
        expect: { kind: 'deliver.service-started', channel: 'mychannel', disseminates: true },
      },
    ],
  }),
  definePattern({
    name: 'pulling-for-itself',
    loggers: CLIENT,
    fabric: '2.2.9-2.2.15, 2.4.7+, 2.5.0+',
    hint: 'This peer will retrieve blocks from ordering service (will not disseminate',
    message:
      /^This peer will retrieve blocks from ordering service \(will not disseminate them to other peers in the organization\)(?: for channel (?<channel>\S+))?$/,
    toEvent: (group, record) => ({
      kind: 'deliver.service-started',
      channel: group('channel') || channelField(record),
      disseminates: false,
    }),
    samples: [
      {
        line: consoleLine(
          'INFO',
          'deliveryClient',
          'This peer will retrieve blocks from ordering service (will not disseminate them to other peers in the organization) channel=mychannel',
        ),
        source: 'Fabric 2.2.9-3.1 core/deliverservice/deliveryclient.go',
        expect: { kind: 'deliver.service-started', channel: 'mychannel', disseminates: false },
      },
    ],
  }),
  definePattern({
    name: 'deliver-requested',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12 (DEBUG up to 1.4.3)',
    hint: 'Starting deliver with block [',
    message: /^Starting deliver with block \[(?<block>\d+)\] for channel (?<channel>\S+)$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'deliver.stream-opened', channel: group('channel'), block, orderer: null };
    },
    samples: [
      {
        line: '2026-11-22 10:32:06.508 UTC [deliveryClient] RequestBlocks -> INFO 03f Starting deliver with block [1] for channel mychannel',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: 1, orderer: null },
      },
    ],
  }),
  definePattern({
    name: 'deliver-requested-from-oldest',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12 (DEBUG up to 1.4.3; "olders" in 1.0)',
    hint: 'Starting deliver with olde',
    message: /^Starting deliver with olde(?:st|rs) block for channel (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'deliver.stream-opened', channel: group('channel'), block: null, orderer: null }),
    samples: [
      {
        line: consoleLine('INFO', 'deliveryClient', 'Starting deliver with oldest block for channel mychannel'),
        source: 'Fabric 1.1-1.4 core/deliverservice/requester.go',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: null, orderer: null },
      },
      {
        line: consoleLine('DEBU', 'deliveryClient', 'Starting deliver with olders block for channel mychannel'),
        source: 'Fabric 1.0 core/deliverservice/requester.go',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: null, orderer: null },
      },
    ],
  }),
  definePattern({
    name: 'next-blocks-pulled',
    loggers: PROVIDER_2X,
    fabric: '2.2.9-2.2.15, 2.4.7+, 2.5',
    hint: 'Pulling next blocks from ordering service',
    message: /^Pulling next blocks from ordering service$/,
    toEvent: (_, record) => ({
      kind: 'deliver.stream-opened',
      channel: channelField(record),
      block: wholeNumber(record.fields.get('nextBlock') ?? ''),
      orderer: ordererField(record),
    }),
    samples: [
      {
        line: '2026-11-22 10:55:54.127 UTC [peer.blocksprovider] DeliverBlocks -> INFO 034 Pulling next blocks from ordering service channel=mychannel orderer-address=orderer.example.com:7050 nextBlock=1',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: 1, orderer: 'orderer.example.com:7050' },
      },
      {
        line: '2026-11-22 11:22:41.192 UTC 0034 INFO [peer.blocksprovider] DeliverBlocks -> Pulling next blocks from ordering service channel=mychannel orderer-address=orderer.example.com:7050 nextBlock=1',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: 1, orderer: 'orderer.example.com:7050' },
      },
    ],
  }),
  definePattern({
    name: 'block-receiver-starting',
    loggers: PROVIDER_3X,
    fabric: '3.0.0+',
    hint: 'BlockReceiver starting',
    message: /^BlockReceiver starting$/,
    toEvent: (_, record) => ({
      kind: 'deliver.stream-opened',
      channel: channelField(record),
      block: null,
      orderer: ordererField(record),
    }),
    samples: [
      {
        line: consoleLine('INFO', 'peer.blocksprovider', 'BlockReceiver starting channel=mychannel orderer-address=orderer.example.com:7050'),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/block_receiver.go (CFT)',
        expect: { kind: 'deliver.stream-opened', channel: 'mychannel', block: null, orderer: 'orderer.example.com:7050' },
      },
      {
        line: consoleLine('INFO', 'BlockReceiver', 'BlockReceiver starting orderer-address=orderer.example.com:7050'),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/block_receiver.go (BFT)',
        expect: { kind: 'deliver.stream-opened', channel: null, block: null, orderer: 'orderer.example.com:7050' },
      },
    ],
  }),
  definePattern({
    name: 'retrying',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12; also printed when the peer itself stops pulling',
    hint: ' attempt. Retrying in ',
    message: /^Got error: (?<reason>.*) , at \d+ attempt\. Retrying in \S+$/,
    toEvent: streamFailed,
    samples: [
      {
        line: '2026-11-22 10:33:14.316 UTC [deliveryClient] try -> WARN 042 Got error: rpc error: code = Canceled desc = context canceled , at 1 attempt. Retrying in 1s',
        expect: { kind: 'deliver.stream-failed', channel: null, orderer: null, reason: 'rpc error: code = Canceled desc = context canceled' },
      },
      {
        line: '2026-11-22 11:11:16.345 UTC [deliveryClient] try -> WARN 057 Got error: rpc error: code = Unavailable desc = transport is closing , at 1 attempt. Retrying in 1s',
        expect: { kind: 'deliver.stream-failed', channel: null, orderer: null, reason: 'rpc error: code = Unavailable desc = transport is closing' },
      },
      {
        line: consoleLine(
          'WARN',
          'deliveryClient',
          'Got error: could not connect to any of the endpoints: [orderer.example.com:7050] , at 2 attempt. Retrying in 2s',
        ),
        source: 'Fabric 1.0-1.4 core/deliverservice/client.go',
        expect: {
          kind: 'deliver.stream-failed',
          channel: null,
          orderer: null,
          reason: 'could not connect to any of the endpoints: [orderer.example.com:7050]',
        },
      },
    ],
  }),
  definePattern({
    name: 'retry-ceased',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12',
    hint: ' attempt. Ceasing to retry',
    message: /^Got error: (?<reason>.*?) ,? ?at \d+ attempt\. Ceasing to retry$/,
    toEvent: gaveUp,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'deliveryClient',
          'Got error: rpc error: code = Unavailable desc = transport is closing at 13 attempt. Ceasing to retry',
        ),
        source: 'Fabric 1.0-1.4 core/deliverservice/client.go',
        expect: { kind: 'deliver.gave-up', channel: null, reason: 'rpc error: code = Unavailable desc = transport is closing' },
      },
    ],
  }),
  definePattern({
    name: 'no-orderer-connection',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12',
    hint: 'Failed obtaining connection: ',
    message: /^Failed obtaining connection: (?<reason>.*)$/,
    toEvent: unreachable,
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'deliveryClient',
          'Failed obtaining connection: could not connect to any of the endpoints: [orderer.example.com:7050]',
        ),
        source: 'Fabric 1.0-1.4 core/deliverservice/client.go',
        expect: {
          kind: 'deliver.orderer-unreachable',
          channel: null,
          orderer: null,
          reason: 'could not connect to any of the endpoints: [orderer.example.com:7050]',
        },
      },
    ],
  }),
  definePattern({
    name: 'stream-not-created',
    loggers: CLIENT,
    fabric: '1.0.0-1.4.12',
    hint: 'established but was unable to create gRPC stream: ',
    message: /^Connection to +(?<orderer>\S+) established but was unable to create gRPC stream: (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: consoleLine(
          'ERRO',
          'deliveryClient',
          'Connection to  orderer.example.com:7050 established but was unable to create gRPC stream: rpc error: code = Unavailable desc = transport is closing',
        ),
        source: 'Fabric 1.0-1.4 core/deliverservice/client.go',
        expect: {
          kind: 'deliver.stream-failed',
          channel: null,
          orderer: 'orderer.example.com:7050',
          reason: 'rpc error: code = Unavailable desc = transport is closing',
        },
      },
    ],
  }),
  definePattern({
    name: 'provider-not-started',
    loggers: CLIENT,
    fabric: '1.1.1-1.4.12',
    hint: ' was stopped before block provider started',
    message: /^Block delivery for channel (?<channel>\S+) was stopped before block provider started$/,
    toEvent: (group) => ({ kind: 'deliver.stopped', channel: group('channel') }),
    samples: [
      {
        line: consoleLine('INFO', 'deliveryClient', 'Block delivery for channel mychannel was stopped before block provider started'),
        source: 'Fabric 1.1.1-1.4 core/deliverservice/deliveryclient.go',
        expect: { kind: 'deliver.stopped', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'passing-stopped',
    loggers: CLIENT,
    levels: ['DEBU'],
    fabric: '1.0.0+; the channel from 3.0',
    hint: 'This peer will stop pass',
    message: /^This peer will stop pass(?:ing)? blocks from orderer service to other peers(?: on channel: (?<channel>\S+))?$/,
    toEvent: (group, record) => ({ kind: 'deliver.stopped', channel: group('channel') || channelField(record) }),
    samples: [
      {
        line: consoleLine('DEBU', 'deliveryClient', 'This peer will stop pass blocks from orderer service to other peers'),
        source: 'Fabric 1.0-2.5 core/deliverservice/deliveryclient.go',
        expect: { kind: 'deliver.stopped', channel: null },
      },
      {
        line: consoleLine('DEBU', 'deliveryClient', 'This peer will stop passing blocks from orderer service to other peers on channel: mychannel'),
        source: 'Fabric 3.1 core/deliverservice/deliveryclient.go',
        expect: { kind: 'deliver.stopped', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'receive-error',
    loggers: PROVIDER_1X,
    fabric: '1.0.0-1.4.12',
    hint: '] Receive error: ',
    message: /^\[(?<channel>[^\]]+)\] Receive error: (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: '2026-11-22 10:33:14.317 UTC [blocksProvider] DeliverBlocks -> WARN 043 [mychannel] Receive error: client is closing',
        expect: { kind: 'deliver.stream-failed', channel: 'mychannel', orderer: null, reason: 'client is closing' },
      },
      {
        line: '2026-11-22 11:10:03.150 UTC [blocksProvider] DeliverBlocks -> WARN 033 [mychannel] Receive error: Client is closing',
        expect: { kind: 'deliver.stream-failed', channel: 'mychannel', orderer: null, reason: 'Client is closing' },
      },
    ],
  }),
  definePattern({
    name: 'bad-status',
    loggers: PROVIDER_1X,
    fabric: '1.0.0-1.4.12',
    hint: '] Got error ',
    message: /^\[(?<channel>[^\]]+)\] Got error (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: consoleLine('WARN', 'blocksProvider', '[mychannel] Got error &{SERVICE_UNAVAILABLE}'),
        source: 'Fabric 1.0-1.4 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'deliver.stream-failed', channel: 'mychannel', orderer: null, reason: '&{SERVICE_UNAVAILABLE}' },
      },
    ],
  }),
  definePattern({
    name: 'success-out-of-place',
    loggers: PROVIDER_1X,
    fabric: '1.0.0-1.4.12',
    hint: 'Received success for a seek that should never complete',
    message: /^\[(?<channel>[^\]]+)\] ERROR! (?<reason>Received success for a seek that should never complete)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: consoleLine('WARN', 'blocksProvider', '[mychannel] ERROR! Received success for a seek that should never complete'),
        source: 'Fabric 1.0-1.4 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: null,
          reason: 'Received success for a seek that should never complete',
        },
      },
    ],
  }),
  definePattern({
    name: 'too-many-bad-statuses',
    loggers: PROVIDER_1X,
    fabric: '1.0.0-1.4.12',
    hint: 'Wrong statuses threshold passed, stopping block provider',
    message: /^\[(?<channel>[^\]]+)\] (?<reason>Wrong statuses threshold passed, stopping block provider)$/,
    toEvent: gaveUp,
    samples: [
      {
        line: consoleLine('ERRO', 'blocksProvider', '[mychannel] Wrong statuses threshold passed, stopping block provider'),
        source: 'Fabric 1.3-1.4 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'deliver.gave-up', channel: 'mychannel', reason: 'Wrong statuses threshold passed, stopping block provider' },
      },
    ],
  }),
  definePattern({
    name: 'block-arrived-from-orderer-1.x',
    loggers: PROVIDER_1X,
    levels: ['DEBU'],
    fabric: '1.0.0-1.4.12',
    hint: '] Adding payload ',
    message:
      /^\[(?<channel>[^\]]+)\] Adding payload (?:locally, buffer seqNum = \[(?<seqNum>\d+)\], peers number \[\d+\]|to local buffer, blockNum = \[(?<blockNum>\d+)\])$/,
    toEvent: (group, record) => arrived((name) => (name === 'block' ? group('seqNum') || group('blockNum') : group(name)), record),
    samples: [
      {
        line: consoleLine('DEBU', 'blocksProvider', '[mychannel] Adding payload to local buffer, blockNum = [7]'),
        source: 'Fabric 1.2.1-1.4 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'block.arrived', channel: 'mychannel', block: 7, source: 'deliver' },
      },
      {
        line: consoleLine('DEBU', 'blocksProvider', '[mychannel] Adding payload locally, buffer seqNum = [7], peers number [1]'),
        source: 'Fabric 1.0-1.2.0 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'block.arrived', channel: 'mychannel', block: 7, source: 'deliver' },
      },
    ],
  }),
  definePattern({
    name: 'block-arrived-from-orderer',
    loggers: ['peer.blocksprovider', 'BlockReceiver', 'deliveryClient'],
    levels: ['DEBU'],
    fabric: '2.0.0+',
    hint: 'Adding payload to local buffer, blockNum = [',
    message: /^Adding payload to local buffer, blockNum = \[(?<block>\d+)\]$/,
    toEvent: arrived,
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'peer.blocksprovider',
          'Adding payload to local buffer, blockNum = [7] channel=mychannel orderer-address=orderer.example.com:7050',
        ),
        source: 'Fabric 2.0-2.5 internal/pkg/peer/blocksprovider/blocksprovider.go',
        expect: { kind: 'block.arrived', channel: 'mychannel', block: 7, source: 'deliver' },
      },
    ],
  }),
  definePattern({
    name: 'ordered-block-refused',
    loggers: ['blocksProvider', 'peer.blocksprovider', 'deliveryClient'],
    fabric: '1.2.1+',
    hint: " received from ordering service wasn't added to payload buffer: ",
    message: /^Block \[(?<block>\d+)\] received from ordering service wasn't added to payload buffer: (?<reason>.*)$/,
    toEvent: refused,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'blocksProvider',
          "Block [7] received from ordering service wasn't added to payload buffer: Ledger height is at 9, cannot enqueue block with sequence of 7",
        ),
        source: 'Fabric 1.2.1-1.4 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'block.refused', channel: null, block: 7, reason: 'Ledger height is at 9, cannot enqueue block with sequence of 7' },
      },
    ],
  }),
  definePattern({
    name: 'ordered-block-refused-up-to-1.2.0',
    loggers: PROVIDER_1X,
    fabric: '1.0.0-1.2.0',
    hint: 'Failed adding payload of ',
    message: /^Failed adding payload of (?<block>\d+) because: (?<reason>.*)$/,
    toEvent: refused,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'blocksProvider',
          'Failed adding payload of 7 because: Ledger height is at 9, cannot enqueue block with sequence of 7',
        ),
        source: 'Fabric 1.0-1.2.0 core/deliverservice/blocksprovider/blocksprovider.go',
        expect: { kind: 'block.refused', channel: null, block: 7, reason: 'Ledger height is at 9, cannot enqueue block with sequence of 7' },
      },
    ],
  }),
  definePattern({
    name: 'deliver-stream-broken',
    loggers: PROVIDER_3X,
    fabric: '2.0.0+',
    hint: 'Encountered an error reading from deliver stream: ',
    message: /^Encountered an error reading from deliver stream: (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: '2026-11-22 11:12:26.540 UTC [peer.blocksprovider] func1 -> WARN 054 Encountered an error reading from deliver stream: rpc error: code = Unavailable desc = transport is closing channel=mychannel orderer-address=orderer.example.com:7050',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: 'orderer.example.com:7050',
          reason: 'rpc error: code = Unavailable desc = transport is closing',
        },
      },
      {
        line: '2026-11-22 11:12:26.536 UTC [peer.blocksprovider] func1 -> WARN 062 Encountered an error reading from deliver stream: rpc error: code = Canceled desc = context canceled channel=mychannel orderer-address=orderer.example.com:7050',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: 'orderer.example.com:7050',
          reason: 'rpc error: code = Canceled desc = context canceled',
        },
      },
      {
        line: '2026-11-22 11:23:38.314 UTC 0063 WARN [peer.blocksprovider] func1 -> Encountered an error reading from deliver stream: rpc error: code = Canceled desc = context canceled channel=mychannel orderer-address=orderer.example.com:7050',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: 'orderer.example.com:7050',
          reason: 'rpc error: code = Canceled desc = context canceled',
        },
      },
    ],
  }),
  definePattern({
    name: 'orderer-hung-up',
    loggers: PROVIDER_3X,
    fabric: '2.0.0+',
    hint: 'Orderer hung up without sending status',
    message: /^(?<reason>Orderer hung up without sending status)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: '2026-11-22 11:12:26.540 UTC [peer.blocksprovider] DeliverBlocks -> WARN 055 Orderer hung up without sending status channel=mychannel orderer-address=orderer.example.com:7050',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: 'orderer.example.com:7050',
          reason: 'Orderer hung up without sending status',
        },
      },
    ],
  }),
  definePattern({
    name: 'blocks-not-received',
    loggers: PROVIDER_3X,
    fabric: '2.0.0+',
    hint: 'Got error while attempting to receive blocks: ',
    message: /^Got error while attempting to receive blocks: (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'peer.blocksprovider',
          'Got error while attempting to receive blocks: received bad status SERVICE_UNAVAILABLE from orderer channel=mychannel orderer-address=orderer.example.com:7050',
        ),
        source: 'Fabric 2.0-3.1 blocksprovider.go',
        expect: {
          kind: 'deliver.stream-failed',
          channel: 'mychannel',
          orderer: 'orderer.example.com:7050',
          reason: 'received bad status SERVICE_UNAVAILABLE from orderer',
        },
      },
    ],
  }),
  definePattern({
    name: 'incoming-not-processed',
    loggers: PROVIDER_2X,
    fabric: '3.0.0+',
    hint: 'Failure ',
    message: /^Failure (?:in processing incoming messages|while processing incoming blocks): (?<reason>.*)$/,
    toEvent: streamFailed,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'peer.blocksprovider',
          'Failure in processing incoming messages: EOF channel=mychannel orderer-address=orderer.example.com:7050',
        ),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/deliverer.go',
        expect: { kind: 'deliver.stream-failed', channel: 'mychannel', orderer: 'orderer.example.com:7050', reason: 'EOF' },
      },
      {
        line: consoleLine('WARN', 'peer.blocksprovider', 'Failure while processing incoming blocks: EOF channel=mychannel'),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/bft_deliverer.go',
        expect: { kind: 'deliver.stream-failed', channel: 'mychannel', orderer: null, reason: 'EOF' },
      },
    ],
  }),
  definePattern({
    name: 'orderer-unreachable',
    loggers: PROVIDER_3X,
    fabric: '2.0.0+',
    hint: 'Could not connect to ordering service: ',
    message: /^Could not connect to ordering service: (?<reason>.*)$/,
    toEvent: unreachable,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'peer.blocksprovider',
          "Could not connect to ordering service: could not dial endpoint 'orderer.example.com:7050': failed to create new connection: context deadline exceeded channel=mychannel",
        ),
        source: 'Fabric 2.0-3.1 blocksprovider.go',
        expect: {
          kind: 'deliver.orderer-unreachable',
          channel: 'mychannel',
          orderer: null,
          reason: "could not dial endpoint 'orderer.example.com:7050': failed to create new connection: context deadline exceeded",
        },
      },
    ],
  }),
  definePattern({
    name: 'retry-given-up',
    loggers: PROVIDER_2X,
    fabric: '2.0.0+',
    hint: 'ttempted to retry block delivery for more than ',
    message: /^(?<reason>[Aa]ttempted to retry block delivery for more than .*, giving up)$/,
    toEvent: gaveUp,
    samples: [
      {
        line: consoleLine('WARN', 'peer.blocksprovider', 'attempted to retry block delivery for more than 1h0m0s, giving up channel=mychannel'),
        source: 'Fabric 2.0-2.1 internal/pkg/peer/blocksprovider/blocksprovider.go',
        expect: { kind: 'deliver.gave-up', channel: 'mychannel', reason: 'attempted to retry block delivery for more than 1h0m0s, giving up' },
      },
      {
        line: consoleLine(
          'WARN',
          'peer.blocksprovider',
          'attempted to retry block delivery for more than peer.deliveryclient.reconnectTotalTimeThreshold duration 1h0m0s, giving up channel=mychannel',
        ),
        source: 'Fabric 2.2-2.5 internal/pkg/peer/blocksprovider/blocksprovider.go',
        expect: {
          kind: 'deliver.gave-up',
          channel: 'mychannel',
          reason: 'attempted to retry block delivery for more than peer.deliveryclient.reconnectTotalTimeThreshold duration 1h0m0s, giving up',
        },
      },
    ],
  }),
  definePattern({
    name: 'deliverer-stopped',
    loggers: PROVIDER_2X,
    fabric: '3.0.0+ (CFT)',
    hint: 'Deliverer stopped',
    message: /^Deliverer stopped$/,
    toEvent: (_, record) => ({ kind: 'deliver.stopped', channel: channelField(record) }),
    samples: [
      {
        line: consoleLine('INFO', 'peer.blocksprovider', 'Deliverer stopped channel=mychannel'),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/deliverer.go',
        expect: { kind: 'deliver.stopped', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'bft-deliverer-stopping',
    loggers: PROVIDER_2X,
    fabric: '3.0.0+ (BFT)',
    hint: 'Stopping to DeliverBlocks on channel ',
    message: /^Stopping to DeliverBlocks on channel `(?<channel>[^`]+)`, block height=\d+ *$/,
    toEvent: (group) => ({ kind: 'deliver.stopped', channel: group('channel').trim() }),
    samples: [
      {
        line: consoleLine('INFO', 'peer.blocksprovider', 'Stopping to DeliverBlocks on channel `mychannel`, block height=8 channel=mychannel'),
        source: 'Fabric 3.1 common/deliverclient/blocksprovider/bft_deliverer.go',
        expect: { kind: 'deliver.stopped', channel: 'mychannel' },
      },
    ],
  }),
];
