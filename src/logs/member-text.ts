import type { MemberRef } from '../events/event.js';
import { findPkiIdInMessage, parsePkiId } from '../events/pki-id.js';

const orNull = (text: string | undefined): string | null => (text === undefined || text === '' || text === '<nil>' ? null : text);

/** `Endpoint: e, InternalEndpoint: i, PKI-ID: <id>, Metadata: ` (NetworkMember.String, by pointer in 1.x, by value too from 1.4.0). */
const LABELLED = /^Endpoint: (.*?), InternalEndpoint: (.*?), PKI-?ID: ?(\[[\d ]*\]|[0-9a-fA-F]*|<nil>)(?:, Metadata:.*)?$/;
/** `{e [metadata] [pki-id] i <nil> <nil>}`: a Go struct printed by value, up to 1.3. */
const STRUCT = /^\{(\S*) \[[\d ]*\] \[([\d ]*)\] (\S*?)(?: .*)?\}$/;
/** `e, PKIid:<id>` (RemotePeer.String in gossip/comm). */
const REMOTE = /^(.*?), PKIid:(\[[\d ]*\]|[0-9a-fA-F]*|<nil>)$/;

/**
 * A gossip member in any of the notations of Fabric's log lines; null when `text` is none of them. A nil or empty part is null.
 */
export function parseMember(text: string): MemberRef | null {
  const trimmed = text.trim();
  const labelled = LABELLED.exec(trimmed);
  if (labelled !== null) {
    return { endpoint: orNull(labelled[1]), internalEndpoint: orNull(labelled[2]), pkiId: parsePkiId(labelled[3] as string) };
  }
  const struct = STRUCT.exec(trimmed);
  if (struct !== null) return { endpoint: orNull(struct[1]), internalEndpoint: orNull(struct[3]), pkiId: parsePkiId(`[${struct[2]}]`) };
  const remote = REMOTE.exec(trimmed);
  if (remote !== null) return { endpoint: orNull(remote[1]), internalEndpoint: null, pkiId: parsePkiId(remote[2] as string) };
  return null;
}

const PROTOBUF_ENDPOINT = /endpoint:\s*"([^"]*)"/;
const SHORT_ENDPOINT = /Membership:\s*Endpoint:\s*(\S*?)\s*PKI-id:/;

/**
 * The member that a rendered gossip message is about: endpoint (alive messages only) and PKI-ID, from protobuf text (1.x, and 3.x with its
 * unstable blanks) or the short forms of 2.0 and later. Parts that are not there are null.
 */
export function findMemberInMessage(text: string): MemberRef {
  const endpoint = SHORT_ENDPOINT.exec(text)?.[1] ?? PROTOBUF_ENDPOINT.exec(text)?.[1];
  return { endpoint: orNull(endpoint), internalEndpoint: null, pkiId: findPkiIdInMessage(text) };
}
