import { consoleLine, definePattern, type Pattern, wholeNumber } from '../pattern.js';

/** Three m: Fabric's own spelling from 1.1 to 2.5. */
const MULTICHANNEL = ['orderer.commmon.multichannel', 'orderer.common.multichannel', 'orderer.multichain'];

/** The orderer's registrar of channels and its block writer. */
export const ORDERER_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'orderer-channel-created',
    loggers: MULTICHANNEL,
    fabric: '1.0.0+',
    hint: 'Created and start',
    message: /^Created and start(?:ing|ed) (?:new chain|new channel|channel) (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'orderer.channel-created', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 10:31:57.220 UTC [orderer.commmon.multichannel] newChain -> INFO 00d Created and starting new chain mychannel',
        expect: { kind: 'orderer.channel-created', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 10:55:47.974 UTC [orderer.commmon.multichannel] newChain -> INFO 013 Created and starting new channel mychannel',
        expect: { kind: 'orderer.channel-created', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:09:09.599 UTC [orderer/multichain] newChain -> INFO 008 Created and starting new chain mychannel',
        expect: { kind: 'orderer.channel-created', channel: 'mychannel' },
      },
      {
        line: '2026-11-22 11:09:09.706 UTC [orderer/commmon/multichannel] newChain -> INFO 00b Created and starting new chain mychannel',
        expect: { kind: 'orderer.channel-created', channel: 'mychannel' },
      },
      {
        line: consoleLine('INFO', 'orderer.common.multichannel', 'Created and started channel mychannel'),
        source: 'Fabric 2.3-3.1 orderer/common/multichannel/registrar.go',
        expect: { kind: 'orderer.channel-created', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'orderer-block-written',
    loggers: MULTICHANNEL,
    levels: ['DEBU'],
    fabric: '1.0.0+; the number in brackets from 1.4.1',
    hint: '] Wrote block ',
    message: /^\[channel: (?<channel>[^\]]+)\] Wrote block \[?(?<block>\d+)\]?$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'orderer.block-written', channel: group('channel'), block };
    },
    samples: [
      {
        line: consoleLine('DEBU', 'orderer.commmon.multichannel', '[channel: mychannel] Wrote block [7]'),
        source: 'Fabric 1.4.1-3.1 orderer/common/multichannel/blockwriter.go',
        expect: { kind: 'orderer.block-written', channel: 'mychannel', block: 7 },
      },
      {
        line: consoleLine('DEBU', 'orderer/multichain', '[channel: mychannel] Wrote block 7'),
        source: 'Fabric 1.0-1.4.0 orderer/common/multichannel/blockwriter.go',
        expect: { kind: 'orderer.block-written', channel: 'mychannel', block: 7 },
      },
    ],
  }),
];
