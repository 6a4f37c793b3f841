import type { Analysis, Node } from '../../src/analysis/contract.js';
import {
  at,
  buildAnalysis,
  buildBlock,
  buildChannel,
  buildConnection,
  buildCopy,
  buildMatrixCell,
  buildNode,
  buildOrganization,
  buildPercentiles,
  buildPropagation,
} from './analysis-builder.js';

/** What the log of `peer` shows on `line`. */
export function lineOf(peer: string, line: number): { readonly source: string; readonly line: number } {
  return { source: `logs/${peer}.log`, line };
}

const frame = (number: number) => ({ source: 'packets/bridge.pcap', frame: number });
const PEERS = ['ant.alpha.test', 'bee.alpha.test', 'cow.beta.test'] as const;
const [ANT, BEE, COW] = PEERS;
const ORDERER = 'ord.test';
const LINES = 40;
const FRAMES = 9;

function peerNode(name: string, mspId: string, parts: Partial<Node> = {}): Node {
  return buildNode(name, {
    mspId,
    fabricVersion: '2.4.7',
    endpoint: `${name}:7051`,
    addresses: ['10.1.2.3'],
    pkiId: 'abcdef0123456789abcdef',
    leaderElection: 'dynamic',
    bootstrap: [`${BEE}:7051`],
    timers: { 'peer.gossip.membershiptrackerinterval': '7s' },
    starts: [{ at: at(0), fabricVersion: '2.4.7', leaderElection: 'dynamic', bootstrap: [`${BEE}:7051`], basis: 'log', evidence: [lineOf(name, 1)] }],
    ...parts,
  });
}

/** An analysis in which every section of a report has something to say: three peers of two organizations, overlapping leaders, a view lost, a late block. */
export function buildReportAnalysis(parts: Partial<Analysis> = {}): Analysis {
  const copy = (peer: string, receivedMillis: number, line: number) =>
    buildCopy(peer, {
      via: 'gossip',
      from: { node: ANT, basis: 'packets', confidence: 0.97 },
      firstByteAt: at(receivedMillis - 9),
      lastByteAt: at(receivedMillis - 8),
      arrivedAt: at(receivedMillis - 8),
      arrivalBasis: 'packets',
      receivedAt: at(receivedMillis),
      validatedAt: at(receivedMillis + 4),
      validationMillis: 4,
      committedAt: at(receivedMillis + 30),
      commit: { totalMillis: 26, stateValidationMillis: 1, blockAndPvtdataCommitMillis: 15, stateCommitMillis: 9 },
      lagMicros: (receivedMillis - 30_000) * 1000,
      transfers: [
        {
          from: ANT,
          kind: 'push',
          basis: 'packets',
          confidence: 0.97,
          firstByteAt: at(receivedMillis - 9),
          lastByteAt: at(receivedMillis - 8),
          bytes: 7040,
          evidence: [frame(5)],
        },
        {
          from: BEE,
          kind: 'push',
          basis: 'packets',
          confidence: 0.9,
          firstByteAt: at(receivedMillis - 5),
          lastByteAt: at(receivedMillis - 4),
          bytes: 7040,
          evidence: [frame(6)],
        },
      ],
      evidence: [lineOf(peer, line), lineOf(peer, line + 1)],
    });
  const lags = buildPercentiles(0, 20_000, 1_400_000, 1_400_000, 3);
  const channel = buildChannel('trade', {
    peers: PEERS.map((peer) => ({ peer, joinedAt: at(5_000), via: 'genesis' as const, height: 2, evidence: [lineOf(peer, 5)] })),
    organizations: [
      {
        ...buildOrganization('AlphaMSP', [ANT, BEE], {
          terms: [
            { peer: ANT, from: at(10_000), to: at(20_000), endedBy: 'renounced', basis: 'log', evidence: [lineOf(ANT, 10), lineOf(ANT, 20)] },
            { peer: BEE, from: at(12_000), to: null, endedBy: 'still-leading', basis: 'log', evidence: [lineOf(BEE, 12)] },
          ],
          followers: [{ peer: BEE, at: at(9_000), evidence: [lineOf(BEE, 9)] }],
          overlaps: [{ peers: [ANT, BEE], from: at(12_000), to: at(20_000), evidence: [lineOf(ANT, 10), lineOf(BEE, 12)] }],
          leaderless: [{ from: at(50_000), to: at(51_000), evidence: [lineOf(BEE, 14)] }],
          verdict: 'overlapping',
        }),
        anchorPeers: [{ endpoint: `${ANT}:7051`, learnedAt: { [COW]: at(15_000) }, evidence: [lineOf(COW, 15)] }],
      },
      { ...buildOrganization(null, [COW], { verdict: 'static' }), staticLeaders: [COW] },
    ],
    membership: {
      basis: 'log',
      changes: [
        { observer: ANT, at: at(16_000), online: [BEE, COW], offline: [], members: [BEE, COW], basis: 'log', evidence: [lineOf(ANT, 16)] },
        { observer: ANT, at: at(40_000), online: [], offline: [COW], members: [BEE], basis: 'log', evidence: [lineOf(ANT, 18)] },
        { observer: BEE, at: at(17_000), online: [ANT, COW], offline: [], members: [ANT, COW], basis: 'log', evidence: [lineOf(BEE, 17)] },
      ],
      matrix: [
        buildMatrixCell(ANT, BEE, [[16_000, null]]),
        buildMatrixCell(ANT, COW, [[16_000, 40_000]]),
        buildMatrixCell(BEE, ANT, [[17_000, null]]),
        buildMatrixCell(BEE, COW, [[17_000, null]]),
        buildMatrixCell(COW, ANT, []),
        buildMatrixCell(COW, BEE, []),
      ],
      fullViewAt: { [ANT]: at(16_000), [BEE]: at(17_000), [COW]: null },
      convergedAt: null,
    },
    blocks: [
      buildBlock(
        0,
        PEERS.map((peer) => buildCopy(peer, { via: 'genesis', committedAt: at(5_000), evidence: [lineOf(peer, 5)] })),
      ),
      buildBlock(1, [copy(ANT, 30_000, 30), copy(BEE, 30_020, 31), copy(COW, 31_400, 32)], {
        bytes: 7040,
        config: true,
        ordered: { orderer: ORDERER, createdAt: null, writtenAt: at(29_980), evidence: [lineOf(ORDERER, 3)] },
      }),
    ],
    propagation: buildPropagation({ received: lags, committed: lags, byPeer: { [COW]: { received: lags, committed: lags } } }),
  });
  const texts = (name: string): { readonly [line: string]: string } =>
    Object.fromEntries(Array.from({ length: LINES }, (_, i) => [String(i + 1), `${name} says ${i + 1}`]));
  return buildAnalysis({
    sources: [
      ...[...PEERS, ORDERER].map((node) => ({
        path: `logs/${node}.log`,
        kind: 'log' as const,
        node,
        format: 'fabric-console',
        records: LINES,
        unreadable: 1,
        from: at(0),
        to: at(59_000),
      })),
      {
        path: 'packets/bridge.pcap',
        kind: 'packets',
        node: null,
        format: 'pcap',
        records: FRAMES,
        unreadable: 0,
        from: at(0),
        to: at(60_000),
        packetsDropped: 12,
        packetsTruncated: null,
      },
      { path: 'notes.bin', kind: 'unreadable', node: null, format: 'unknown', records: 0, unreadable: 0, from: null, to: null },
    ],
    nodes: [
      peerNode(ANT, 'AlphaMSP'),
      peerNode(BEE, 'AlphaMSP'),
      peerNode(COW, 'BetaMSP', { stops: [{ at: at(39_000), how: 'silent', basis: 'docker', evidence: [lineOf(COW, 39)] }] }),
      buildNode(ORDERER, { kind: 'orderer', starts: [] }),
    ],
    channels: [channel],
    gossip: {
      bootstrapAttempts: [2_000, 28_000].map((millis, i) => ({
        peer: ANT,
        target: `${BEE}:7051`,
        kind: 'bootstrap',
        at: at(millis),
        outcome: 'unreachable',
        reason: 'context deadline exceeded',
        evidence: [lineOf(ANT, 2 + i)],
      })),
      suspicions: [{ observer: ANT, subject: COW, at: at(39_500), kind: 'not-responsive', reason: 'EOF', evidence: [lineOf(ANT, 19)] }],
      contacts: [{ from: ANT, to: BEE, at: at(6_000), kind: 'ping', evidence: [lineOf(ANT, 6)] }],
      connections: [
        { ...buildConnection(ANT, BEE, [{ second: 1, there: 8_000, back: 1_000 }]), evidence: [frame(1), frame(2)] },
        { ...buildConnection(COW, ORDERER, [{ second: 2, there: 800, back: 0 }]), evidence: [frame(3)] },
      ],
      silentPairs: [{ peers: [ANT, COW], from: at(0), to: at(60_000), evidence: [frame(1), frame(3)] }],
    },
    ordering: {
      deliverStreams: [
        { orderer: ORDERER, peer: ANT, channel: 'trade', openedAt: at(10_500), closedAt: null, blocks: 1, basis: 'packets', evidence: [frame(4)] },
      ],
      raft: [
        { channel: 'trade', term: 2, raftId: 1, leader: ORDERER, from: at(3_000), to: null, observers: [ORDERER], evidence: [lineOf(ORDERER, 2)] },
      ],
    },
    unplaced: [{ kind: 'membership', observer: ANT, at: at(18_000), text: 'Membership view has changed.', evidence: [lineOf(ANT, 7)] }],
    findings: [
      {
        diagnosis: 'overlapping-leaders',
        verdict: 'found',
        severity: 'fault',
        title: 'Two leaders at once',
        summary: 'Both pulled blocks.',
        nodes: [ANT, BEE],
        channel: 'trade',
        from: at(12_000),
        to: at(20_000),
        evidence: [lineOf(BEE, 12)],
      },
      {
        diagnosis: 'late-view',
        verdict: 'insufficient-evidence',
        severity: 'warning',
        title: 'Late views',
        summary: 'Too few views.',
        nodes: [],
        channel: null,
        from: null,
        to: null,
        evidence: [],
      },
    ],
    oddities: [{ kind: 'torn-record', count: 3, example: 'half a li', evidence: [lineOf(BEE, 3)] }],
    walkthrough: [
      { at: at(0), topic: 'start', text: `${ANT} started.`, nodes: [ANT], channel: null, evidence: [lineOf(ANT, 1)] },
      {
        at: at(12_000),
        topic: 'election',
        text: `${BEE} became a second leader of AlphaMSP.`,
        nodes: [BEE],
        channel: 'trade',
        evidence: [lineOf(BEE, 12)],
      },
      { at: at(13_000), topic: 'packets', text: `${ANT} and ${COW} exchanged nothing.`, nodes: [ANT, COW], channel: null, evidence: [frame(7)] },
    ],
    excerpts: {
      ...Object.fromEntries([...PEERS, ORDERER].map((name) => [`logs/${name}.log`, texts(name)])),
      'packets/bridge.pcap': Object.fromEntries(Array.from({ length: FRAMES }, (_, i) => [String(i + 1), `frame number ${i + 1}`])),
    },
    ...parts,
  });
}
