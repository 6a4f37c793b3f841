import { channelField, consoleLine, definePattern, type Pattern, type PatternRecord, wholeNumber } from '../pattern.js';

const RAFT = ['orderer.consensus.etcdraft'];

/** The field `node` that 1.4 and later attach. */
function nodeField(record: PatternRecord): number | null {
  return wholeNumber(record.fields.get('node') ?? '');
}

/** A Raft id as the library prints it, hexadecimal. */
function raftId(text: string): number | null {
  const id = /^[0-9a-f]{1,13}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
  return Number.isSafeInteger(id) ? id : null;
}

/** orderer/consensus/etcdraft and the Raft library it logs for. */
export const RAFT_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'raft-leader-changed',
    loggers: RAFT,
    fabric: '1.4.0+; 0 is no leader',
    hint: 'Raft leader changed: ',
    message: /^Raft leader changed: (?<from>\d+) -> (?<to>\d+)$/,
    toEvent: (group, record) => {
      const from = wholeNumber(group('from'));
      const to = wholeNumber(group('to'));
      if (from === null || to === null) return null;
      return { kind: 'raft.leader-changed', channel: channelField(record), raftNode: nodeField(record), from, to };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'Raft leader changed: 0 -> 3 channel=mychannel node=1'),
        source: 'Fabric 1.4-3.1 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'raft.leader-changed', channel: 'mychannel', raftNode: 1, from: 0, to: 3 },
      },
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'Raft leader changed: 2 -> 0 {"channel": "mychannel", "node": 1}'),
        source: 'Fabric 1.4.0 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'raft.leader-changed', channel: 'mychannel', raftNode: 1, from: 2, to: 0 },
      },
    ],
  }),
  definePattern({
    name: 'raft-leader-changed-1.3',
    loggers: RAFT,
    fabric: '1.3.0',
    hint: 'Raft leader changed on node ',
    message: /^Raft leader changed on node (?<node>[0-9a-f]+): (?<from>[0-9a-f]+) -> (?<to>[0-9a-f]+)$/,
    toEvent: (group, record) => {
      const from = raftId(group('from'));
      const to = raftId(group('to'));
      if (from === null || to === null) return null;
      return { kind: 'raft.leader-changed', channel: channelField(record), raftNode: raftId(group('node')), from, to };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer/consensus/etcdraft', 'Raft leader changed on node 1: 0 -> a'),
        source: 'Fabric 1.3 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'raft.leader-changed', channel: null, raftNode: 1, from: 0, to: 10 },
      },
    ],
  }),
  definePattern({
    name: 'raft-leader-elected',
    loggers: RAFT,
    fabric: '1.3.0+',
    hint: ' elected leader ',
    message: /^raft\.node: (?<node>[0-9a-f]+) elected leader (?<leader>[0-9a-f]+) at term (?<term>\d+)$/,
    toEvent: (group, record) => {
      const leader = raftId(group('leader'));
      const term = wholeNumber(group('term'));
      if (leader === null || term === null) return null;
      const raftNode = nodeField(record) ?? raftId(group('node'));
      return { kind: 'raft.leader-elected', channel: channelField(record), raftNode, leader, term };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'raft.node: 1 elected leader 3 at term 2 channel=mychannel node=1'),
        source: 'Fabric 1.3-3.1, go.etcd.io/etcd/raft',
        expect: { kind: 'raft.leader-elected', channel: 'mychannel', raftNode: 1, leader: 3, term: 2 },
      },
    ],
  }),
  definePattern({
    name: 'raft-leader-replaced',
    loggers: RAFT,
    fabric: '1.3.0+',
    hint: ' changed leader from ',
    message: /^raft\.node: (?<node>[0-9a-f]+) changed leader from [0-9a-f]+ to (?<leader>[0-9a-f]+) at term (?<term>\d+)$/,
    toEvent: (group, record) => {
      const leader = raftId(group('leader'));
      const term = wholeNumber(group('term'));
      if (leader === null || term === null) return null;
      const raftNode = nodeField(record) ?? raftId(group('node'));
      return { kind: 'raft.leader-elected', channel: channelField(record), raftNode, leader, term };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'raft.node: 1 changed leader from 2 to 3 at term 4 channel=mychannel node=1'),
        source: 'Fabric 1.3-3.1, go.etcd.io/etcd/raft',
        expect: { kind: 'raft.leader-elected', channel: 'mychannel', raftNode: 1, leader: 3, term: 4 },
      },
    ],
  }),
  definePattern({
    name: 'raft-leading',
    loggers: RAFT,
    fabric: '1.4.1+',
    hint: 'Start accepting requests as Raft leader at block [',
    message: /^Start accepting requests as Raft leader at block \[(?<block>\d+)\]$/,
    toEvent: (group, record) => {
      const block = wholeNumber(group('block'));
      return block === null ? null : { kind: 'raft.leading', channel: channelField(record), raftNode: nodeField(record), block };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'Start accepting requests as Raft leader at block [7] channel=mychannel node=3'),
        source: 'Fabric 1.4.1-3.1 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'raft.leading', channel: 'mychannel', raftNode: 3, block: 7 },
      },
    ],
  }),
  definePattern({
    name: 'raft-leader-missing',
    loggers: RAFT,
    fabric: '1.4.1+',
    hint: 'No leader is present, cluster size is ',
    message: /^No leader is present, cluster size is \d+$/,
    toEvent: (_, record) => ({ kind: 'raft.leader-missing', channel: channelField(record), raftNode: nodeField(record) }),
    samples: [
      {
        line: consoleLine('WARN', 'orderer.consensus.etcdraft', 'No leader is present, cluster size is 3 channel=mychannel node=1'),
        source: 'Fabric 1.4.1-3.1 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'raft.leader-missing', channel: 'mychannel', raftNode: 1 },
      },
    ],
  }),
  definePattern({
    name: 'raft-block-written',
    loggers: RAFT,
    fabric: '1.4.1+',
    hint: 'Writing block [',
    message: /^Writing block \[(?<block>\d+)\] \(Raft index: \d+\) to ledger$/,
    toEvent: (group, record) => {
      const block = wholeNumber(group('block'));
      const channel = channelField(record);
      return block === null || channel === null ? null : { kind: 'orderer.block-written', channel, block };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'Writing block [7] (Raft index: 9) to ledger channel=mychannel node=1'),
        source: 'Fabric 1.4.1-3.1 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'orderer.block-written', channel: 'mychannel', block: 7 },
      },
    ],
  }),
  definePattern({
    name: 'raft-block-cut',
    loggers: RAFT,
    fabric: '1.4.1+',
    hint: 'Created block [',
    message: /^Created block \[(?<block>\d+)\], there are \d+ blocks in flight$/,
    toEvent: (group, record) => {
      const block = wholeNumber(group('block'));
      const channel = channelField(record);
      return block === null || channel === null ? null : { kind: 'orderer.block-cut', channel, block };
    },
    samples: [
      {
        line: consoleLine('INFO', 'orderer.consensus.etcdraft', 'Created block [7], there are 0 blocks in flight channel=mychannel node=3'),
        source: 'Fabric 1.4.1-3.1 orderer/consensus/etcdraft/chain.go',
        expect: { kind: 'orderer.block-cut', channel: 'mychannel', block: 7 },
      },
    ],
  }),
];
