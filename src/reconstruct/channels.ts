import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import { hostOf, isHostName } from '../topology/endpoint.js';
import { type Network, nameOfEndpoint, obtain, type Reconstructor } from './network.js';

/**
 * Which peer joined which channel when, and which anchor peers each learned. A join creates the ledger from the genesis block or a snapshot; a restarted
 * peer opens the ledgers it has (core/ledger/ledgermgmt). Anchor peers are told at the join and again at every configuration block (gossip/gossip/gossip_impl.go).
 */
export interface ChannelPeerFacts {
  readonly peer: string;
  readonly joinedAt: Instant | null;
  readonly via: 'genesis' | 'snapshot' | 'reopened' | 'unknown';
  readonly evidence: readonly Evidence[];
}

export interface AnchorFacts {
  readonly mspId: string;
  readonly endpoint: string;
  readonly learnedAt: ReadonlyMap<string, Instant>;
  readonly evidence: readonly Evidence[];
}

export interface ConfigMoment {
  readonly peer: string;
  readonly channel: string;
  readonly at: Instant;
  readonly evidence: readonly Evidence[];
}

export interface ChannelsRead {
  readonly peers: ReadonlyMap<string, ReadonlyMap<string, ChannelPeerFacts>>;
  readonly anchors: ReadonlyMap<string, readonly AnchorFacts[]>;
  /** Channel → MSP IDs that its configuration names. */
  readonly mspIds: ReadonlyMap<string, readonly string[]>;
  /** Peer → MSP ID, where a line of its own tells. */
  readonly ownMspIds: ReadonlyMap<string, string>;
  /** Each "Joining gossip network": the join and every configuration block. */
  readonly configurations: readonly ConfigMoment[];
  /** Lines that say an organization has no anchor peers. */
  readonly anchorless: readonly (ConfigMoment & { readonly mspId: string })[];
}

export function reconstructChannels(network: Network): Reconstructor<ChannelsRead> {
  const peers = new Map<string, Map<string, ChannelPeerFacts>>();
  const anchors = new Map<
    string,
    Map<string, { readonly mspId: string; readonly endpoint: string; readonly learnedAt: Map<string, Instant>; readonly evidence: Evidence[] }>
  >();
  const mspIds = new Map<string, Set<string>>();
  const ownMspIds = new Map<string, string>();
  const lastAnchors = new Map<string, { readonly mspId: string; readonly anchors: readonly string[] }>();
  const configurations: ConfigMoment[] = [];
  const anchorless: (ConfigMoment & { readonly mspId: string })[] = [];
  const join = (channel: string, facts: ChannelPeerFacts): void => {
    const known = obtain(peers, channel, () => new Map<string, ChannelPeerFacts>());
    const before = known.get(facts.peer);
    // A peer whose ledger was wiped joins again: its last join is the one its present ledger comes from.
    if (before === undefined || facts.via === 'genesis' || facts.via === 'snapshot') known.set(facts.peer, facts);
    else if (before.via === 'unknown' && facts.via === 'reopened') known.set(facts.peer, facts);
  };
  return {
    step(event) {
      const { body, node: peer, at, evidence } = event;
      switch (body.kind) {
        case 'ledger.created':
          join(body.channel, { peer, joinedAt: at, via: body.via, evidence });
          break;
        case 'ledger.opened':
          join(body.channel, { peer, joinedAt: null, via: 'reopened', evidence });
          break;
        case 'channel.configured':
          join(body.channel, { peer, joinedAt: null, via: 'unknown', evidence });
          configurations.push({ peer, channel: body.channel, at, evidence });
          lastAnchors.delete(peer);
          break;
        case 'block.committed':
        case 'block.validated':
          join(body.channel, { peer, joinedAt: null, via: 'unknown', evidence });
          break;
        case 'election.leader-elected':
          join(body.channel, { peer, joinedAt: null, via: 'unknown', evidence });
          break;
        case 'channel.anchors-absent':
          obtain(mspIds, body.channel, () => new Set()).add(body.mspId);
          anchorless.push({ peer, channel: body.channel, at, evidence, mspId: body.mspId });
          lastAnchors.delete(peer);
          break;
        case 'channel.anchors-learned': {
          obtain(mspIds, body.channel, () => new Set()).add(body.mspId);
          lastAnchors.set(peer, { mspId: body.mspId, anchors: body.anchors });
          const known = obtain(anchors, body.channel, () => new Map());
          for (const endpoint of body.anchors) {
            const anchor = obtain(known, `${body.mspId} ${endpoint}`, () => ({
              mspId: body.mspId,
              endpoint,
              learnedAt: new Map<string, Instant>(),
              evidence: [] as Evidence[],
            }));
            if (anchor.learnedAt.has(peer)) continue;
            anchor.learnedAt.set(peer, at);
            anchor.evidence.push(...evidence);
          }
          break;
        }
        case 'channel.anchor-is-self': {
          // Own endpoint among an organization's anchor peers: that organization is ours.
          const last = lastAnchors.get(peer);
          if (last !== undefined && last.anchors.some((a) => nameOfEndpoint(network, a) === peer || !isHostName(hostOf(a))))
            ownMspIds.set(peer, last.mspId);
          break;
        }
        case 'channel.anchor-skipped':
          if (body.ownMspId !== null) ownMspIds.set(peer, body.ownMspId);
          break;
        default:
          break;
      }
    },
    finish: () => ({
      peers,
      anchors: new Map(
        [...anchors].map(
          ([channel, known]) => [channel, [...known.values()].sort((a, b) => (a.mspId + a.endpoint < b.mspId + b.endpoint ? -1 : 1))] as const,
        ),
      ),
      mspIds: new Map([...mspIds].map(([channel, ids]) => [channel, [...ids].sort()] as const)),
      ownMspIds,
      configurations,
      anchorless,
    }),
  };
}
