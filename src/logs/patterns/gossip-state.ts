import type { EventBody } from '../../events/event.js';
import { parseMember } from '../member-text.js';
import { consoleLine, definePattern, type Groups, type Pattern, wholeNumber } from '../pattern.js';

const STATE = ['gossip.state'];

function refused(group: Groups): EventBody | null {
  const block = wholeNumber(group('block'));
  return block === null ? null : { kind: 'block.refused', channel: null, block, reason: group('reason') };
}

function transferFailed(group: Groups): EventBody | null {
  const from = wholeNumber(group('from'));
  const to = wholeNumber(group('to'));
  return from === null || to === null ? null : { kind: 'state.transfer-failed', from, to, reason: group('reason') };
}

/** gossip/state: payload buffer and state transfer of a channel. Its own "Committed block" is no commit: the ledger's line is. */
export const GOSSIP_STATE_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'state-started',
    loggers: STATE,
    fabric: '1.0.0+; "node metadata" up to 1.2.0, the channel from 1.4.4 and 2.0.0',
    hint: 'current ledger sequence is at = ',
    message:
      /^Updating (?:node )?metadata information(?: for channel (?<channel>\S+))?, current ledger sequence is at = \d+, next expected block is = (?<height>\d+)$/,
    toEvent: (group) => {
      const height = wholeNumber(group('height'));
      return height === null ? null : { kind: 'channel.state-started', channel: group('channel') || null, height };
    },
    samples: [
      {
        line: '2026-11-22 10:32:00.498 UTC [gossip.state] NewGossipStateProvider -> INFO 033 Updating metadata information for channel mychannel, current ledger sequence is at = 0, next expected block is = 1',
        expect: { kind: 'channel.state-started', channel: 'mychannel', height: 1 },
      },
      {
        line: '2026-11-22 11:12:49.893 UTC [gossip/state] NewGossipStateProvider -> INFO 025 Updating metadata information, current ledger sequence is at = 0, next expected block is = 1',
        expect: { kind: 'channel.state-started', channel: null, height: 1 },
      },
      {
        line: '2026-11-22 11:10:22.940 UTC [gossip.state] NewGossipStateProvider -> INFO 02a Updating metadata information, current ledger sequence is at = 0, next expected block is = 1',
        expect: { kind: 'channel.state-started', channel: null, height: 1 },
      },
      {
        line: '2026-11-22 11:22:35.187 UTC 002e INFO [gossip.state] NewGossipStateProvider -> Updating metadata information for channel mychannel, current ledger sequence is at = 0, next expected block is = 1',
        expect: { kind: 'channel.state-started', channel: 'mychannel', height: 1 },
      },
      {
        line: consoleLine(
          'INFO',
          'gossip/state',
          'Updating node metadata information, current ledger sequence is at = 6, next expected block is = 7',
        ),
        source: 'Fabric 1.0-1.2.0 gossip/state/state.go',
        expect: { kind: 'channel.state-started', channel: null, height: 7 },
      },
    ],
  }),
  definePattern({
    name: 'block-arrived',
    loggers: STATE,
    levels: ['DEBU'],
    fabric: '1.2.1+',
    hint: ' Adding payload to local buffer, blockNum = [',
    message: /^\[(?<channel>[^\]]+)\] Adding payload to local buffer, blockNum = \[(?<block>\d+)\]$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'block.arrived', channel: group('channel'), block, source: 'gossip' };
    },
    samples: [
      {
        line: '2026-11-22 11:02:02.785 UTC [gossip.state] addPayload -> DEBU 03e [mychannel] Adding payload to local buffer, blockNum = [1]',
        expect: { kind: 'block.arrived', channel: 'mychannel', block: 1, source: 'gossip' },
      },
    ],
  }),
  definePattern({
    name: 'block-arrived-up-to-1.2.0',
    loggers: STATE,
    levels: ['DEBU'],
    fabric: '1.0.0-1.2.0',
    hint: 'Adding new payload into the buffer, seqNum = ',
    message: /^Adding new payload into the buffer, seqNum = +(?<block>\d+)$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'block.arrived', channel: null, block, source: 'gossip' };
    },
    samples: [
      {
        line: consoleLine('DEBU', 'gossip/state', 'Adding new payload into the buffer, seqNum =  7'),
        source: 'Fabric 1.0-1.2.0 gossip/state/state.go',
        expect: { kind: 'block.arrived', channel: null, block: 7, source: 'gossip' },
      },
    ],
  }),
  definePattern({
    name: 'gossiped-block-refused',
    loggers: STATE,
    fabric: '1.2.1+',
    hint: " wasn't added to payload buffer: ",
    message: /^Block \[(?<block>\d+)\] received from (?:gossip|block transfer) wasn't added to payload buffer: (?<reason>.*)$/,
    toEvent: refused,
    samples: [
      {
        line: "2026-11-22 11:04:12.314 UTC [gossip.state] queueNewMessage -> WARN 303f Block [28] received from gossip wasn't added to payload buffer: Ledger height is at 32, cannot enqueue block with sequence of 28",
        expect: { kind: 'block.refused', channel: null, block: 28, reason: 'Ledger height is at 32, cannot enqueue block with sequence of 28' },
      },
      {
        line: consoleLine(
          'WARN',
          'gossip.state',
          "Block [17] received from block transfer wasn't added to payload buffer: Ledger height is at 3, cannot enqueue block with sequence of 17",
        ),
        source: 'Fabric 1.2.1-3.1 gossip/state/state.go',
        expect: { kind: 'block.refused', channel: null, block: 17, reason: 'Ledger height is at 3, cannot enqueue block with sequence of 17' },
      },
    ],
  }),
  definePattern({
    name: 'transferred-block-refused-up-to-1.2.0',
    loggers: STATE,
    fabric: '1.0.0-1.2.0',
    hint: 'Payload with sequence number ',
    message: /^Payload with sequence number (?<block>\d+) wasn't added to payload buffer: (?<reason>.*)$/,
    toEvent: refused,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip/state',
          "Payload with sequence number 17 wasn't added to payload buffer: Ledger height is at 3, cannot enqueue block with sequence of 17",
        ),
        source: 'Fabric 1.0-1.1 gossip/state/state.go',
        expect: { kind: 'block.refused', channel: null, block: 17, reason: 'Ledger height is at 3, cannot enqueue block with sequence of 17' },
      },
    ],
  }),
  definePattern({
    name: 'payload-refused-up-to-1.2.0',
    loggers: STATE,
    fabric: '1.0.0-1.2.0; the number only inside the reason',
    hint: 'Failed adding payload: ',
    message: /^Failed adding payload: (?<reason>.*(?:sequence of|number|seqNum =?) ?\[?(?<block>\d+)\]?.*)$/,
    toEvent: refused,
    samples: [
      {
        line: consoleLine('WARN', 'gossip/state', 'Failed adding payload: Ledger height is at 3, cannot enqueue block with sequence of 17'),
        source: 'Fabric 1.0-1.1 gossip/state/state.go',
        expect: { kind: 'block.refused', channel: null, block: 17, reason: 'Ledger height is at 3, cannot enqueue block with sequence of 17' },
      },
    ],
  }),
  definePattern({
    name: 'transfer-requested',
    loggers: STATE,
    levels: ['DEBU'],
    fabric: '1.0.0+; the end is inclusive in all versions',
    hint: 'State transfer, with peer ',
    message: /^State transfer, with peer (?<peer>.*), requesting blocks in range \[(?<from>\d+)\.\.\.(?<to>\d+)[)\]], for chainID (?<channel>\S*)$/,
    toEvent: (group) => {
      const from = wholeNumber(group('from'));
      const to = wholeNumber(group('to'));
      if (from === null || to === null) return null;
      const peer = parseMember(group('peer')) ?? { endpoint: group('peer') || null, internalEndpoint: null, pkiId: null };
      return { kind: 'state.transfer-requested', channel: group('channel') || null, from, to, peer };
    },
    samples: [
      {
        line: consoleLine(
          'DEBU',
          'gossip.state',
          'State transfer, with peer peer1.org1.example.com:8051, requesting blocks in range [3...13), for chainID mychannel',
        ),
        source: 'Fabric 1.2-3.1 gossip/state/state.go',
        expect: {
          kind: 'state.transfer-requested',
          channel: 'mychannel',
          from: 3,
          to: 13,
          peer: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: null },
        },
      },
      {
        line: consoleLine(
          'DEBU',
          'gossip/state',
          'State transfer, with peer peer1.org1.example.com:8051, PKIid:[1 2 254 255], requesting blocks in range [3...13], for chainID mychannel',
        ),
        source: 'Fabric 1.0-1.1 gossip/state/state.go',
        expect: {
          kind: 'state.transfer-requested',
          channel: 'mychannel',
          from: 3,
          to: 13,
          peer: { endpoint: 'peer1.org1.example.com:8051', internalEndpoint: null, pkiId: '0102feff' },
        },
      },
    ],
  }),
  definePattern({
    name: 'transfer-exhausted',
    loggers: STATE,
    fabric: '1.0.0+',
    hint: 'able to get blocks in range [',
    message: /^Wasn't +able to get blocks in range \[(?<from>\d+)\.\.\.(?<to>\d+)[)\]], (?<reason>after \d+ retries)$/,
    toEvent: transferFailed,
    samples: [
      {
        line: consoleLine('WARN', 'gossip.state', "Wasn't  able to get blocks in range [3...13), after 3 retries"),
        source: 'Fabric 1.2-3.1 gossip/state/state.go',
        expect: { kind: 'state.transfer-failed', from: 3, to: 13, reason: 'after 3 retries' },
      },
      {
        line: consoleLine('WARN', 'gossip/state', "Wasn't  able to get blocks in range [3...13], after 3 retries"),
        source: 'Fabric 1.0-1.1 gossip/state/state.go',
        expect: { kind: 'state.transfer-failed', from: 3, to: 13, reason: 'after 3 retries' },
      },
    ],
  }),
  definePattern({
    name: 'transfer-request-unsent',
    loggers: STATE,
    fabric: '1.0.0+',
    hint: 'Cannot send state request for blocks in range [',
    message: /^Cannot send state request for blocks in range \[(?<from>\d+)\.\.\.(?<to>\d+)[)\]], due to ?(?<reason>.*)$/,
    toEvent: transferFailed,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip.state',
          'Cannot send state request for blocks in range [3...13), due to there are no peers to ask for missing blocks from',
        ),
        source: 'Fabric 1.2-3.1 gossip/state/state.go',
        expect: { kind: 'state.transfer-failed', from: 3, to: 13, reason: 'there are no peers to ask for missing blocks from' },
      },
    ],
  }),
  definePattern({
    name: 'transfer-response-unusable',
    loggers: STATE,
    fabric: '1.0.0+',
    hint: 'able to process state response for blocks [',
    message: /^Wasn't able to process state response for blocks \[(?<from>\d+)\.\.\.(?<to>\d+)[)\]], due to (?<reason>.*)$/,
    toEvent: transferFailed,
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip.state',
          "Wasn't able to process state response for blocks [3...13], due to Received state transfer response without payload",
        ),
        source: 'Fabric 1.1-3.1 gossip/state/state.go',
        expect: { kind: 'state.transfer-failed', from: 3, to: 13, reason: 'Received state transfer response without payload' },
      },
    ],
  }),
  definePattern({
    name: 'transfer-needed',
    loggers: STATE,
    fabric: '2.2.2-2.2.15, 2.3.1+',
    hint: ' is too far behind other peers at height (',
    message: /^\[(?<channel>[^\]]+)\] Current block height \((?<height>\d+)\) is too far behind other peers at height \((?<highest>\d+)\) /,
    toEvent: (group) => {
      const height = wholeNumber(group('height'));
      const highest = wholeNumber(group('highest'));
      if (height === null || highest === null) return null;
      return { kind: 'state.transfer-needed', channel: group('channel'), height, highest };
    },
    samples: [
      {
        line: consoleLine(
          'WARN',
          'gossip.state',
          '[mychannel] Current block height (3) is too far behind other peers at height (40) to be able to receive blocks without state transfer which is disabled in the configuration (peer.gossip.state.enabled = false). Consider enabling it or setting the peer explicitly to be a leader (peer.gossip.orgLeader = true) in order to pull blocks directly from the ordering service.',
        ),
        source: 'Fabric 2.2.2-3.1 gossip/state/state.go',
        expect: { kind: 'state.transfer-needed', channel: 'mychannel', height: 3, highest: 40 },
      },
    ],
  }),
];
