import type { EventBody, MemberRef } from '../events/event.js';
import type { Sentence } from './contract.js';
import { countOf, durationOf, listOf } from './phrases.js';

/** One event in words, told the moment its line is read: without what only other lines could add. */
export interface EventWords {
  readonly topic: Sentence['topic'];
  /** What its node did; the node's name goes before it. */
  readonly words: string;
}

const MAX_PKI_ID_SHOWN = 8;

const memberText = (m: MemberRef): string =>
  m.endpoint || m.internalEndpoint || (m.pkiId === null ? 'a peer it did not name' : `the peer ${m.pkiId.slice(0, MAX_PKI_ID_SHOWN)}…`);
const on = (channel: string | null): string => (channel === null ? '' : ` on ${channel}`);
const because = (reason: string | null): string => (reason === null || reason === '' ? '' : ` (${reason})`);
const endpoints = (members: readonly { readonly endpoint: string }[]): string => listOf(members.map((m) => m.endpoint));

type Wordings = { readonly [K in EventBody['kind']]?: (body: Extract<EventBody, { readonly kind: K }>) => readonly [Sentence['topic'], string] };

const STOP_WORDS = {
  panic: 'died of a panic',
  signal: 'was asked to stop',
  exit: 'is exiting',
  'chain-stop': 'is stopping',
  'gossip-stop': 'is stopping gossip',
} as const;

/** Kinds that are absent say nothing a person watching wants to read line by line. */
const WORDINGS: Wordings = {
  'process.banner': (b) => ['start', `is starting${b.fabricVersion === null ? '' : ` (Fabric ${b.fabricVersion})`}`],
  'process.serving': (b) => ['start', `is up: the ${b.role} serves`],
  'process.stopping': (b) => [b.how === 'panic' ? 'fault' : 'stop', STOP_WORDS[b.how]],
  'process.certificate-noted': (b) => ['fault', `${b.expired ? 'has an expired' : 'warns that it will expire: its'} ${b.certificate}`],
  'gossip.initialized': (b) => [
    'bootstrap',
    b.bootstrap === null ? `started gossip as ${b.endpoint}` : `started gossip as ${b.endpoint}; bootstrap peers: ${listOf(b.bootstrap) || 'none'}`,
  ],
  'gossip.external-endpoint-missing': () => ['fault', 'has no external endpoint: peers of other organizations cannot reach it'],
  'gossip.connect-failed': (b) => ['bootstrap', `could not reach ${memberText(b.target)}${because(b.reason)}`],
  'gossip.deep-probe-failed': (b) => ['fault', `could not probe ${b.target}${on(b.channel)}${because(b.reason)}`],
  'gossip.peer-unresponsive': (b) => ['fault', `could not reach ${memberText(b.remote)}${because(b.reason)}`],
  'gossip.connection-failed': (b) => ['fault', `could not connect to ${memberText(b.remote)}${because(b.reason)}`],
  'gossip.peer-silent': (b) => ['fault', `heard nothing from ${b.pkiId.slice(0, MAX_PKI_ID_SHOWN)}… for ${b.silentText}`],
  'gossip.members-expired': (b) => ['fault', `declared ${countOf(b.pkiIds.length, 'member')} dead`],
  'gossip.expired-member-named': (b) => ['fault', `closes its connection to ${memberText(b.member)}, which it took for dead`],
  'gossip.member-removed': (b) => ['fault', `removed ${memberText(b.member)} from its members`],
  'gossip.identity-changed': (b) => ['fault', `saw the identity behind ${b.endpoint} change`],
  'gossip.identity-mismatch': () => ['fault', 'met a peer with another identity than expected'],
  'gossip.identity-cloned': (b) => ['fault', `reports its own identity used by another: ${b.text}`],
  'gossip.message-rejected': (b) => ['fault', `refused a message of ${memberText(b.sender)}${because(b.reason)}`],
  'gossip.handshake-failed': (b) => ['fault', `failed a handshake${b.address === null ? '' : ` with ${b.address}`}${because(b.reason)}`],
  'channel.configured': (b) => ['channel', `applied the configuration of ${b.channel} (${countOf(b.organizations, 'organization')})`],
  'channel.anchors-learned': (b) => ['anchor', `learned the anchor peers of ${b.mspId}${on(b.channel)}: ${listOf(b.anchors)}`],
  'channel.anchors-absent': (b) => ['anchor', `found no anchor peers of ${b.mspId}${on(b.channel)}`],
  'channel.anchor-skipped': (b) => ['anchor', `skipped the anchor peer ${b.endpoint ?? ''}${on(b.channel)}: ${b.reason.replaceAll('-', ' ')}`],
  'channel.view-changed': (b) => [
    b.offline.length > 0 ? 'fault' : 'membership',
    `${[...(b.online.length > 0 ? [`sees ${endpoints(b.online)} online`] : []), ...(b.offline.length > 0 ? [`sees ${endpoints(b.offline)} offline`] : [])].join('; ') || 'printed its view'}${on(b.channel)}; its view holds ${countOf(b.members.length, 'other')}`,
  ],
  'election.leader-elected': (b) => ['election', `became leader of its organization${on(b.channel)}`],
  'election.leadership-renounced': (b) => ['election', `stopped being leader of its organization${on(b.channel)}`],
  'election.leader-known': () => ['election', 'does not stand for leader: some peer already leads'],
  'election.stopping': (b) => ['stop', `stopped its part in elections${on(b.channel)}`],
  'deliver.service-started': (b) => ['election', `starts to pull blocks${on(b.channel)} from the ordering service`],
  'deliver.stream-opened': (b) => [
    'election',
    `opened a block stream${on(b.channel)}${b.orderer === null ? '' : ` to ${b.orderer}`}${b.block === null ? '' : `, from block ${b.block}`}`,
  ],
  'deliver.stream-failed': (b) => [
    'fault',
    `lost its block stream${on(b.channel)}${b.orderer === null ? '' : ` to ${b.orderer}`}${because(b.reason)}`,
  ],
  'deliver.orderer-unreachable': (b) => ['fault', `could not reach ${b.orderer ?? 'the orderer'}${on(b.channel)}${because(b.reason)}`],
  'deliver.gave-up': (b) => ['fault', `gave up pulling blocks${on(b.channel)}${because(b.reason)}`],
  'deliver.stopped': (b) => ['election', `stopped pulling blocks${on(b.channel)}`],
  'ledger.created': (b) => ['join', `joined ${b.channel} from ${b.via === 'genesis' ? 'its genesis block' : 'a snapshot'}`],
  'ledger.opened': (b) => ['join', `reopened its ledger of ${b.channel}`],
  'block.received': (b) => ['block', `received block ${b.block}${on(b.channel)}`],
  'block.committed': (b) => [
    'block',
    `committed block ${b.block}${on(b.channel)}${b.transactions === null && b.commit === null ? '' : ` (${[...(b.transactions === null ? [] : [countOf(b.transactions, 'transaction')]), ...(b.commit === null ? [] : [durationOf(b.commit.totalMillis * 1000)])].join(', ')})`}`,
  ],
  'block.refused': (b) => ['fault', `refused block ${b.block}${on(b.channel)}${because(b.reason)}`],
  'state.transfer-requested': (b) => ['block', `asked ${memberText(b.peer)} for blocks ${b.from} to ${b.to}${on(b.channel)}`],
  'state.transfer-failed': (b) => ['fault', `did not get blocks ${b.from} to ${b.to}${because(b.reason)}`],
  'orderer.channel-created': (b) => ['channel', `created the channel ${b.channel}`],
  'orderer.block-cut': (b) => ['block', `cut block ${b.block}${on(b.channel)}`],
  'orderer.block-written': (b) => ['block', `wrote block ${b.block}${on(b.channel)}`],
  'raft.leader-elected': (b) => ['election', `sees Raft node ${b.leader} elected leader${on(b.channel)} in term ${b.term}`],
  'raft.leader-changed': (b) => ['election', `sees the Raft leader${on(b.channel)} change from node ${b.from} to ${b.to}`],
  'raft.leader-missing': (b) => ['fault', `knows no Raft leader${on(b.channel)}`],
};

/** The words for an event, or null where it is not worth a line of its own. */
export function wordsOfEvent(body: EventBody): EventWords | null {
  const wording = WORDINGS[body.kind] as ((b: EventBody) => readonly [Sentence['topic'], string]) | undefined;
  if (wording === undefined) return null;
  const [topic, words] = wording(body);
  return { topic, words };
}
