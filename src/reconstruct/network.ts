import type { MemberRef, TimelineEvent } from '../events/event.js';
import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import type { Directory } from '../topology/directory.js';

/** One life of a node's process, as far as its log shows it. */
export interface Incarnation {
  readonly node: string;
  readonly index: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly firstEvidence: Evidence;
  readonly lastEvidence: Evidence;
  /** Whether its beginning is in the log, so that a process before it must have ended. */
  readonly startIsLogged: boolean;
}

/** What every reconstruction may ask about the network. */
export interface Network {
  readonly directory: Directory;
  readonly incarnations: ReadonlyMap<string, readonly Incarnation[]>;
  /** First and last dated record of everything read. */
  readonly window: { readonly from: Instant; readonly to: Instant };
}

/** A reducer over the ordered timeline. `finish` may be asked again and again while events go on coming. */
export interface Reconstructor<Result> {
  step(event: TimelineEvent): void;
  finish(): Result;
}

/** The node a member stands for: by PKI-ID, else by endpoint; a member nobody knows keeps the name the line gave it. */
export function nameOfMember(network: Network, member: MemberRef): string {
  const known =
    (member.pkiId === null ? null : network.directory.nodeOfPkiId(member.pkiId)) ??
    (member.endpoint === null ? null : network.directory.nodeOfEndpoint(member.endpoint)) ??
    (member.internalEndpoint === null ? null : network.directory.nodeOfEndpoint(member.internalEndpoint));
  return known ?? member.endpoint ?? member.internalEndpoint ?? member.pkiId ?? 'unknown';
}

/** The node behind an endpoint as printed, or the endpoint itself. */
export function nameOfEndpoint(network: Network, endpoint: string): string {
  return network.directory.nodeOfEndpoint(endpoint) ?? endpoint;
}

/** The value of `map` at `key`, made when it is missing. */
export function obtain<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
