import { consoleLine, definePattern, type Pattern, wholeNumber } from '../pattern.js';

/** ledgermgmt, kvledger and the validator in front of it. Only kvledger's line is the commit: gossip/state repeats its words at DEBUG. */
export const LEDGER_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'ledger-created',
    loggers: ['ledgermgmt'],
    fabric: '1.0.0+',
    hint: 'Created ledger [',
    message: /^Created ledger \[(?<channel>[^\]]+)\] with genesis block$/,
    toEvent: (group) => ({ kind: 'ledger.created', channel: group('channel'), via: 'genesis' }),
    samples: [
      {
        line: '2026-11-22 10:32:00.481 UTC [ledgermgmt] CreateLedger -> INFO 02f Created ledger [mychannel] with genesis block',
        expect: { kind: 'ledger.created', channel: 'mychannel', via: 'genesis' },
      },
      {
        line: '2026-11-22 11:22:35.148 UTC 0028 INFO [ledgermgmt] CreateLedger -> Created ledger [mychannel] with genesis block',
        expect: { kind: 'ledger.created', channel: 'mychannel', via: 'genesis' },
      },
    ],
  }),
  definePattern({
    name: 'ledger-created-from-snapshot',
    loggers: ['ledgermgmt'],
    fabric: '2.3.0+',
    hint: 'Created ledger [',
    message: /^Created ledger \[(?<channel>[^\]]+)\] from snapshot$/,
    toEvent: (group) => ({ kind: 'ledger.created', channel: group('channel'), via: 'snapshot' }),
    samples: [
      {
        line: consoleLine('INFO', 'ledgermgmt', 'Created ledger [mychannel] from snapshot'),
        source: 'Fabric 2.3-3.1 core/ledger/ledgermgmt/ledger_mgmt.go',
        expect: { kind: 'ledger.created', channel: 'mychannel', via: 'snapshot' },
      },
    ],
  }),
  definePattern({
    name: 'ledger-opened',
    loggers: ['ledgermgmt'],
    fabric: '1.0.0+',
    hint: 'Opened ledger with id = ',
    message: /^Opened ledger with id = (?<channel>\S+)$/,
    toEvent: (group) => ({ kind: 'ledger.opened', channel: group('channel') }),
    samples: [
      {
        line: '2026-11-22 11:02:39.871 UTC [ledgermgmt] OpenLedger -> INFO 01f Opened ledger with id = mychannel',
        expect: { kind: 'ledger.opened', channel: 'mychannel' },
      },
    ],
  }),
  definePattern({
    name: 'block-validated',
    loggers: ['committer.txvalidator', 'txvalidator'],
    fabric: '1.2.1+',
    hint: '] Validated block [',
    message: /^\[(?<channel>[^\]]+)\] Validated block \[(?<block>\d+)\] in (?<millis>\d+)ms$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      const millis = wholeNumber(group('millis'));
      return block === null || millis === null ? null : { kind: 'block.validated', channel: group('channel'), block, millis };
    },
    samples: [
      {
        line: '2026-11-22 10:33:28.491 UTC [committer.txvalidator] Validate -> INFO 046 [mychannel] Validated block [1] in 6ms',
        expect: { kind: 'block.validated', channel: 'mychannel', block: 1, millis: 6 },
      },
      {
        line: '2026-11-22 11:13:15.272 UTC [committer/txvalidator] Validate -> INFO 032 [mychannel] Validated block [1] in 27ms',
        expect: { kind: 'block.validated', channel: 'mychannel', block: 1, millis: 27 },
      },
      {
        line: '2026-11-22 11:22:57.967 UTC 003e INFO [committer.txvalidator] Validate -> [mychannel] Validated block [1] in 12ms',
        expect: { kind: 'block.validated', channel: 'mychannel', block: 1, millis: 12 },
      },
    ],
  }),
  definePattern({
    name: 'block-committed-up-to-1.2.0',
    loggers: ['kvledger'],
    fabric: '1.0.0-1.2.0; "Created" in 1.0',
    hint: 'Channel [',
    message: /^Channel \[(?<channel>[^\]]+)\]: (?:Created|Committed) block \[(?<block>\d+)\] with (?<transactions>\d+) transaction\(s\)$/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      if (block === null) return null;
      return { kind: 'block.committed', channel: group('channel'), block, transactions: wholeNumber(group('transactions')), commit: null };
    },
    samples: [
      {
        line: '2026-11-22 11:09:09.943 UTC [kvledger] Commit -> INFO 022 Channel [mychannel]: Created block [0] with 1 transaction(s)',
        expect: { kind: 'block.committed', channel: 'mychannel', block: 0, transactions: 1, commit: null },
      },
      {
        line: '2026-11-22 11:09:10.058 UTC [kvledger] CommitWithPvtData -> INFO 026 Channel [mychannel]: Committed block [0] with 1 transaction(s)',
        expect: { kind: 'block.committed', channel: 'mychannel', block: 0, transactions: 1, commit: null },
      },
    ],
  }),
  definePattern({
    name: 'block-committed',
    loggers: ['kvledger'],
    fabric: '1.2.1+; "block_commit" up to 1.4.1',
    hint: '] Committed block [',
    message:
      /^\[(?<channel>[^\]]+)\] Committed block \[(?<block>\d+)\] with (?<transactions>\d+) transaction\(s\) in (?<total>\d+)ms \(state_validation=(?<validation>\d+)ms (?:block_and_pvtdata_commit|block_commit)=(?<blockCommit>\d+)ms state_commit=(?<stateCommit>\d+)ms\)/,
    toEvent: (group) => {
      const block = wholeNumber(group('block'));
      const totalMillis = wholeNumber(group('total'));
      if (block === null || totalMillis === null) return null;
      return {
        kind: 'block.committed',
        channel: group('channel'),
        block,
        transactions: wholeNumber(group('transactions')),
        commit: {
          totalMillis,
          stateValidationMillis: wholeNumber(group('validation')),
          blockAndPvtdataCommitMillis: wholeNumber(group('blockCommit')),
          stateCommitMillis: wholeNumber(group('stateCommit')),
        },
      };
    },
    samples: [
      {
        line: '2026-11-22 10:32:00.480 UTC [kvledger] CommitWithPvtData -> INFO 02e [mychannel] Committed block [0] with 1 transaction(s) in 24ms (state_validation=0ms block_and_pvtdata_commit=3ms state_commit=10ms) commitHash=[]',
        expect: {
          kind: 'block.committed',
          channel: 'mychannel',
          block: 0,
          transactions: 1,
          commit: { totalMillis: 24, stateValidationMillis: 0, blockAndPvtdataCommitMillis: 3, stateCommitMillis: 10 },
        },
      },
      {
        line: '2026-11-22 10:33:28.502 UTC [kvledger] CommitWithPvtData -> INFO 047 [mychannel] Committed block [1] with 1 transaction(s) in 10ms (state_validation=0ms block_and_pvtdata_commit=5ms state_commit=4ms) commitHash=[47dc540c94ceb704a23875c11273e16bb0b8a87aed84de911f2133568115f254]',
        expect: {
          kind: 'block.committed',
          channel: 'mychannel',
          block: 1,
          transactions: 1,
          commit: { totalMillis: 10, stateValidationMillis: 0, blockAndPvtdataCommitMillis: 5, stateCommitMillis: 4 },
        },
      },
      {
        line: '2026-11-22 11:12:49.871 UTC [kvledger] CommitWithPvtData -> INFO 020 [mychannel] Committed block [0] with 1 transaction(s) in 3ms (state_validation=0ms block_commit=1ms state_commit=0ms)',
        expect: {
          kind: 'block.committed',
          channel: 'mychannel',
          block: 0,
          transactions: 1,
          commit: { totalMillis: 3, stateValidationMillis: 0, blockAndPvtdataCommitMillis: 1, stateCommitMillis: 0 },
        },
      },
      {
        line: '2026-11-22 11:22:35.145 UTC 0026 INFO [kvledger] commit -> [mychannel] Committed block [0] with 1 transaction(s) in 12ms (state_validation=0ms block_and_pvtdata_commit=4ms state_commit=7ms) commitHash=[]',
        expect: {
          kind: 'block.committed',
          channel: 'mychannel',
          block: 0,
          transactions: 1,
          commit: { totalMillis: 12, stateValidationMillis: 0, blockAndPvtdataCommitMillis: 4, stateCommitMillis: 7 },
        },
      },
      {
        line: consoleLine(
          'INFO',
          'kvledger',
          '[mychannel] Committed block [7] with 2 transaction(s) in 31ms (state_validation=1ms block_and_pvtdata_commit=18ms state_commit=9ms) commitHash=[e1c25710835cc16676fb30c6ff0cbb6ee9f5bcf8853f3870cb3c853be1a7c7ff]',
        ),
        source: 'Fabric 1.4.2-3.1 core/ledger/kvledger/kv_ledger.go',
        expect: {
          kind: 'block.committed',
          channel: 'mychannel',
          block: 7,
          transactions: 2,
          commit: { totalMillis: 31, stateValidationMillis: 1, blockAndPvtdataCommitMillis: 18, stateCommitMillis: 9 },
        },
      },
    ],
  }),
];
