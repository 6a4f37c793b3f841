import { channelField, consoleLine, definePattern, type Pattern, wholeNumber } from '../pattern.js';

/** gossip/privdata: the coordinator that takes blocks from the buffer. */
export const GOSSIP_PRIVDATA_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'block-received',
    loggers: ['gossip.privdata'],
    fabric: '1.1.0+; the channel in front from 1.2.1, as a field from 2.2.2 and 2.3',
    hint: 'Received block [',
    message: /^(?:\[(?<channel>[^\]]+)\] )?Received block \[(?<block>\d+)\](?: from buffer)?$/,
    toEvent: (group, record) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'block.received', channel: group('channel') || channelField(record), block };
    },
    samples: [
      {
        line: '2026-11-22 10:33:28.485 UTC [gossip.privdata] StoreBlock -> INFO 041 [mychannel] Received block [1] from buffer',
        expect: { kind: 'block.received', channel: 'mychannel', block: 1 },
      },
      {
        line: '2026-11-22 10:56:01.360 UTC [gossip.privdata] StoreBlock -> INFO 035 Received block [1] from buffer channel=mychannel',
        expect: { kind: 'block.received', channel: 'mychannel', block: 1 },
      },
      {
        line: '2026-11-22 11:13:15.245 UTC [gossip/privdata] StoreBlock -> INFO 02d [mychannel] Received block [1] from buffer',
        expect: { kind: 'block.received', channel: 'mychannel', block: 1 },
      },
      {
        line: '2026-11-22 11:22:57.954 UTC 0035 INFO [gossip.privdata] StoreBlock -> Received block [1] from buffer channel=mychannel',
        expect: { kind: 'block.received', channel: 'mychannel', block: 1 },
      },
      {
        line: consoleLine('INFO', 'gossip/privdata', 'Received block [7]'),
        source: 'Fabric 1.1.0-1.2.0 gossip/privdata/coordinator.go',
        expect: { kind: 'block.received', channel: null, block: 7 },
      },
    ],
  }),
];
