import type { Evidence } from '../events/evidence.js';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { commonNameOf, portOf } from '../topology/endpoint.js';
import { type Lifecycle, startAt } from './lifecycle.js';
import { type Network, nameOfEndpoint, nameOfMember, obtain, type Reconstructor } from './network.js';

/**
 * Who tried to reach whom, and who was suspected of being gone. The called side logs a call when it ends: a Ping opens every new gossip connection and probes
 * a dead peer, a GossipStream with a deadline is a handshake only (bootstrap and anchor peers), one without is the connection itself
 * (gossip/comm/comm_impl.go). A send that fails makes the peer dead at once; silence does after aliveExpirationTimeout (gossip/discovery/discovery_impl.go).
 */
export interface AttemptFacts {
  readonly peer: string;
  readonly target: string;
  readonly kind: 'bootstrap' | 'anchor' | 'unknown';
  readonly at: Instant;
  readonly outcome: 'connected' | 'unreachable' | 'self';
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
}

export interface SuspicionFacts {
  readonly observer: string;
  readonly subject: string;
  readonly at: Instant;
  readonly kind: 'not-responsive' | 'silent' | 'expired' | 'connection-failed' | 'probe-failed';
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
}

export interface ContactFacts {
  readonly from: string;
  readonly to: string;
  readonly at: Instant;
  readonly kind: 'ping' | 'probe' | 'stream';
  readonly evidence: readonly Evidence[];
}

/** A Deliver call as the orderer logged it when it ended. */
export interface DeliverCall {
  readonly orderer: string;
  readonly client: string | null;
  readonly openedAt: Instant | null;
  readonly closedAt: Instant;
  readonly evidence: readonly Evidence[];
}

export interface ContactsRead {
  readonly attempts: readonly AttemptFacts[];
  readonly suspicions: readonly SuspicionFacts[];
  readonly contacts: readonly ContactFacts[];
  readonly deliverCalls: readonly DeliverCall[];
}

/** Names the client of a call by its address at that moment, from packets or inspect; null when nothing says. */
export type AddressResolver = (address: string, at: Instant) => string | null;

export function reconstructContacts(
  network: Network,
  resolveAddress: AddressResolver,
): Reconstructor<(lifecycles: ReadonlyMap<string, Lifecycle>) => ContactsRead> {
  const failures: { peer: string; target: string; at: Instant; deep: boolean; reason: string; evidence: readonly Evidence[] }[] = [];
  const selves: { peer: string; at: Instant; evidence: readonly Evidence[] }[] = [];
  const anchors = new Map<string, Map<string, Instant>>();
  const suspicions: SuspicionFacts[] = [];
  const contacts: ContactFacts[] = [];
  const deliverCalls: DeliverCall[] = [];
  const suspect = (
    observer: string,
    subject: string,
    at: Instant,
    kind: SuspicionFacts['kind'],
    reason: string | null,
    evidence: readonly Evidence[],
  ): void => {
    suspicions.push({ observer, subject, at, kind, reason, evidence });
  };
  const clientOf = (subject: string | null, address: string | null, at: Instant): string | null => {
    const name = subject === null ? null : commonNameOf(subject);
    return (name === null ? null : (network.directory.nodeOfHost(name) ?? name)) ?? (address === null ? null : resolveAddress(address, at));
  };
  return {
    step(event) {
      const { body, node, at, evidence } = event;
      switch (body.kind) {
        case 'gossip.connect-failed': {
          const target = body.target.endpoint ?? body.target.internalEndpoint;
          if (target !== null) failures.push({ peer: node, target, at, deep: false, reason: body.reason, evidence });
          break;
        }
        case 'gossip.deep-probe-failed':
          failures.push({ peer: node, target: body.target, at, deep: true, reason: body.reason, evidence });
          suspect(node, nameOfEndpoint(network, body.target), at, 'probe-failed', body.reason, evidence);
          break;
        case 'channel.anchor-is-self':
          selves.push({ peer: node, at, evidence });
          break;
        case 'channel.anchors-learned':
          for (const endpoint of body.anchors)
            obtain(
              obtain(anchors, node, () => new Map<string, Instant>()),
              endpoint,
              () => at,
            );
          break;
        case 'gossip.peer-unresponsive':
          suspect(node, nameOfMember(network, body.remote), at, 'not-responsive', body.reason, evidence);
          break;
        case 'gossip.connection-failed':
          suspect(node, nameOfMember(network, body.remote), at, 'connection-failed', body.reason, evidence);
          break;
        case 'gossip.peer-silent':
          suspect(
            node,
            network.directory.nodeOfPkiId(body.pkiId) ?? body.pkiId,
            at,
            'silent',
            body.silentText === '' ? null : `nothing heard for ${body.silentText}`,
            evidence,
          );
          break;
        case 'gossip.members-expired':
          for (const id of body.pkiIds) suspect(node, network.directory.nodeOfPkiId(id) ?? id, at, 'expired', null, evidence);
          break;
        case 'gossip.probed':
          contacts.push({
            from: network.directory.nodeOfPkiId(body.pkiId) ?? resolveAddress(body.address, at) ?? body.pkiId,
            to: node,
            at,
            kind: 'probe',
            evidence,
          });
          break;
        case 'rpc.completed': {
          const duration = body.durationMicros;
          const begun = duration === null ? at : instantOfMicros(at - duration);
          if (body.service === 'orderer.AtomicBroadcast' && body.method === 'Deliver') {
            deliverCalls.push({
              orderer: node,
              client: clientOf(body.subject, body.address, begun),
              openedAt: duration === null ? null : begun,
              closedAt: at,
              evidence,
            });
          }
          if (body.service !== 'gossip.Gossip') break;
          const client = clientOf(body.subject, body.address, begun);
          if (client === null) break;
          const kind = body.method === 'Ping' ? 'ping' : body.deadline !== null ? 'probe' : 'stream';
          contacts.push({ from: client, to: node, at: begun, kind, evidence });
          break;
        }
        default:
          break;
      }
    },
    finish: () => (lifecycles) => {
      const attempts: AttemptFacts[] = [];
      for (const f of failures) {
        const isBootstrap = (startAt(lifecycles.get(f.peer), f.at)?.bootstrap ?? []).includes(f.target);
        const isAnchor = f.deep || (anchors.get(f.peer)?.get(f.target) ?? Number.POSITIVE_INFINITY) <= f.at;
        const kind = f.deep ? 'anchor' : isBootstrap && !isAnchor ? 'bootstrap' : isAnchor && !isBootstrap ? 'anchor' : 'unknown';
        attempts.push({ peer: f.peer, target: f.target, kind, at: f.at, outcome: 'unreachable', reason: f.reason, evidence: f.evidence });
      }
      for (const s of selves) {
        const endpoint = network.directory.nodes.get(s.peer)?.endpoint ?? s.peer;
        attempts.push({ peer: s.peer, target: endpoint, kind: 'anchor', at: s.at, outcome: 'self', reason: null, evidence: s.evidence });
      }
      attempts.push(...bootstrapOutcomes(network, lifecycles, contacts));
      attempts.sort((a, b) => a.at - b.at || (a.peer + a.target < b.peer + b.target ? -1 : 1));
      const sorted = [...contacts].sort((a, b) => a.at - b.at || (a.from + a.to < b.from + b.to ? -1 : 1));
      return { attempts, suspicions, contacts: sorted, deliverCalls };
    },
  };
}

/**
 * How each start's bootstrap peers answered: itself (Fabric skips the own endpoint, gossip/discovery/discovery_impl.go), or the first contact from this
 * peer that the bootstrap peer's own log shows after the start.
 */
function bootstrapOutcomes(network: Network, lifecycles: ReadonlyMap<string, Lifecycle>, contacts: readonly ContactFacts[]): readonly AttemptFacts[] {
  const result: AttemptFacts[] = [];
  const byPair = new Map<string, ContactFacts[]>();
  for (const c of contacts) obtain(byPair, `${c.from}\n${c.to}`, () => []).push(c);
  for (const [peer, lifecycle] of lifecycles) {
    for (const [i, start] of lifecycle.starts.entries()) {
      const until = lifecycle.starts[i + 1]?.at ?? Number.POSITIVE_INFINITY;
      for (const target of start.bootstrap ?? []) {
        const own = network.directory.nodes.get(peer)?.endpoint ?? null;
        const node = network.directory.nodeOfEndpoint(target);
        if (target === own || (node === peer && (own === null || portOf(own) === portOf(target)))) {
          result.push({ peer, target, kind: 'bootstrap', at: start.at, outcome: 'self', reason: null, evidence: start.evidence });
          continue;
        }
        // Only a probe is surely the bootstrap handshake; the first connection of any kind shows that the peer was reached.
        const reached = (byPair.get(`${peer}\n${node}`) ?? [])
          .filter((c) => c.at >= start.at && c.at < until)
          .reduce<ContactFacts | null>((a, b) => (a === null || b.at < a.at ? b : a), null);
        if (reached !== null)
          result.push({ peer, target, kind: 'bootstrap', at: reached.at, outcome: 'connected', reason: null, evidence: reached.evidence });
      }
    }
  }
  return result;
}
