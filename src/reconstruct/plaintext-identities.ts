import type { ObservedConnection } from '../events/connection.js';
import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import { hostOf, isAnonymousHost, isHostName } from '../topology/endpoint.js';
import type { ToldAddress } from './connectivity.js';

/** A peer as gossip's plaintext messages describe it. */
export interface PlaintextPeer {
  readonly pkiId: string;
  /** How it is called: by `nodeOfPkiId`, else the host of its endpoint, else the common name of its certificate, else its PKI-ID. */
  readonly name: string;
  readonly mspId: string | null;
  /** The address it tells its own organization, else the one it tells others. */
  readonly endpoint: string | null;
  readonly at: Instant;
  readonly evidence: readonly Evidence[];
}

/** Who is who, by what was said in plaintext. */
export interface PlaintextIdentities {
  /** By PKI-ID. */
  readonly peers: ReadonlyMap<string, PlaintextPeer>;
  /** Addresses of nodes: of peers that said who they are, and of servers as they were dialled. For the address book. */
  readonly addresses: readonly ToldAddress[];
}

/**
 * Reads who is behind which address. A peer says so itself, in `conn` and alive messages (gossip/comm/comm_impl.go, authenticateRemotePeer); a server is called by the name its
 * client dialled (`:authority`). Pure packets give names with it. `nodeOfPkiId` and `nodeOfHost` are what the logs know, null where they do not.
 */
export function readPlaintextIdentities(
  observed: readonly ObservedConnection[],
  nodeOfPkiId: (pkiId: string) => string | null,
  nodeOfHost: (host: string) => string | null,
): PlaintextIdentities {
  const drafts = collectPeers(observed);
  const peers = new Map<string, PlaintextPeer>();
  for (const [pkiId, d] of [...drafts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const endpoint = d.internalEndpoint ?? d.endpoint;
    const host = endpoint === null ? null : hostOf(endpoint);
    const named = host !== null && isHostName(host) ? (nodeOfHost(host) ?? host) : null;
    peers.set(pkiId, {
      pkiId,
      name: nodeOfPkiId(pkiId) ?? named ?? d.commonName ?? pkiId,
      mspId: d.mspId,
      endpoint,
      at: d.at,
      evidence: d.evidence,
    });
  }
  return { peers, addresses: observed.flatMap((c) => addressesOf(c, peers, nodeOfHost)) };
}

interface PeerDraft {
  mspId: string | null;
  commonName: string | null;
  endpoint: string | null;
  internalEndpoint: string | null;
  readonly at: Instant;
  readonly evidence: readonly Evidence[];
}

function collectPeers(observed: readonly ObservedConnection[]): ReadonlyMap<string, PeerDraft> {
  const drafts = new Map<string, PeerDraft>();
  for (const { plaintext, source } of observed) {
    for (const m of plaintext?.messages ?? []) {
      if (m.kind !== 'conn' && m.kind !== 'alive' && m.kind !== 'identity') continue;
      let draft = drafts.get(m.pkiId);
      if (draft === undefined) {
        const evidence = [{ source, frame: m.lastFrame }];
        draft = { mspId: null, commonName: null, endpoint: null, internalEndpoint: null, at: m.lastAt, evidence };
        drafts.set(m.pkiId, draft);
      }
      draft.mspId ??= m.mspId;
      draft.commonName ??= m.commonName;
      if (m.kind !== 'alive') continue;
      draft.internalEndpoint ??= m.internalEndpoint;
      if (m.endpoint !== '') draft.endpoint ??= m.endpoint;
    }
  }
  return drafts;
}

function addressesOf(
  c: ObservedConnection,
  peers: ReadonlyMap<string, PlaintextPeer>,
  nodeOfHost: (host: string) => string | null,
): readonly ToldAddress[] {
  const { plaintext } = c;
  if (plaintext === null) return [];
  const dialled = plaintext.authority === null ? null : hostOf(plaintext.authority);
  const server =
    (plaintext.serverPkiId === null ? null : peers.get(plaintext.serverPkiId)?.name) ??
    (dialled !== null && isHostName(dialled) && !isAnonymousHost(dialled) ? (nodeOfHost(dialled) ?? dialled) : null);
  const client = (plaintext.clientPkiId === null ? null : peers.get(plaintext.clientPkiId)?.name) ?? null;
  const told = (address: string, node: string): ToldAddress => ({ address, node, at: c.firstAt, basis: 'log' });
  return [
    ...(server === null ? [] : [told(c.server.address, server), told(`${c.server.address}:${c.server.port}`, server)]),
    ...(client === null ? [] : [told(c.client.address, client)]),
  ];
}
