import { i32be, u16be } from './byte-order.js';
import type { Dissection } from './dissection.js';
import type { FragmentTable } from './ip-fragments.js';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './link.js';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;

/** IPv6 extension headers (RFC 8200 §4, RFC 4302, RFC 6275, RFC 7401, RFC 5533). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
const MAX_EXTENSION_HEADERS = 16;

const MORE_FRAGMENTS = 0x2000;

/** What became of a packet. */
export type NetworkOutcome = 'transport' | 'fragment' | 'other' | 'unreadable';

/**
 * Reads IPv4 (RFC 791) or IPv6 (RFC 8200): addresses, protocol, where the transport header begins and how long transport is on the wire.
 * A fragment goes to `fragments`; with the last one missing the outcome is `transport` again, `view.data` then being the reassembled datagram.
 * Lengths of 0 (segmentation offload hands over packets whose length is filled in by the network card) mean: to the end of the frame.
 *
 * @param linkBytes bytes of the frame on the wire, less the link header: bounds packets without a length
 */
export function dissectNetwork(view: Dissection, linkBytes: number, fragments: FragmentTable): NetworkOutcome {
  view.protocol = -1;
  if (view.etherType === ETHERTYPE_IPV4) return dissectIpv4(view, linkBytes, fragments);
  if (view.etherType === ETHERTYPE_IPV6) return dissectIpv6(view, linkBytes, fragments);
  return 'other';
}

function dissectIpv4(view: Dissection, linkBytes: number, fragments: FragmentTable): NetworkOutcome {
  const data = view.data;
  const at = view.networkStart;
  if (at + 20 > view.end) return 'unreadable';
  const first = data[at] as number;
  const headerLength = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerLength < 20) return 'unreadable';
  const total = u16be(data, at + 2);
  const length = total === 0 ? linkBytes : Math.min(total, linkBytes);
  if (length < headerLength) return 'unreadable';
  view.source0 = 0;
  view.source1 = 0;
  view.source2 = 0xffff;
  view.source3 = i32be(data, at + 12);
  view.target0 = 0;
  view.target1 = 0;
  view.target2 = 0xffff;
  view.target3 = i32be(data, at + 16);
  view.identification = u16be(data, at + 4);
  view.protocol = data[at + 9] as number;
  view.transportStart = at + headerLength;
  view.transportLength = length - headerLength;
  // Padding of short Ethernet frames is no payload.
  view.end = Math.min(view.end, at + length);
  const fragment = u16be(data, at + 6);
  if ((fragment & 0x3fff) === 0) return 'transport';
  if (view.transportStart > view.end) return 'unreadable';
  return fragments.add(view, view.identification, (fragment & 0x1fff) * 8, (fragment & MORE_FRAGMENTS) !== 0) ? 'transport' : 'fragment';
}

function dissectIpv6(view: Dissection, linkBytes: number, fragments: FragmentTable): NetworkOutcome {
  const data = view.data;
  const at = view.networkStart;
  if (at + 40 > view.end || (data[at] as number) >> 4 !== 6) return 'unreadable';
  const payload = u16be(data, at + 4);
  const length = payload === 0 ? linkBytes : Math.min(40 + payload, linkBytes);
  view.source0 = i32be(data, at + 8);
  view.source1 = i32be(data, at + 12);
  view.source2 = i32be(data, at + 16);
  view.source3 = i32be(data, at + 20);
  view.target0 = i32be(data, at + 24);
  view.target1 = i32be(data, at + 28);
  view.target2 = i32be(data, at + 32);
  view.target3 = i32be(data, at + 36);
  view.identification = 0;
  view.end = Math.min(view.end, at + length);
  let next = data[at + 6] as number;
  let start = at + 40;
  for (let headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
    if (!isExtension(next)) break;
    if (start + 8 > view.end) return 'unreadable';
    if (next === FRAGMENT) {
      const field = u16be(data, start + 2);
      view.protocol = data[start] as number;
      view.transportStart = start + 8;
      view.transportLength = at + length - start - 8;
      // An atomic fragment (RFC 6946) is whole.
      if ((field & 0xfff9) !== 0) {
        return fragments.add(view, i32be(data, start + 4), field & 0xfff8, (field & 1) !== 0) ? 'transport' : 'fragment';
      }
      next = view.protocol;
      start += 8;
      continue;
    }
    const words = data[start + 1] as number;
    const size = next === AUTHENTICATION ? (words + 2) * 4 : (words + 1) * 8;
    next = data[start] as number;
    start += size;
  }
  if (start > at + length) return 'unreadable';
  view.protocol = next;
  view.transportStart = start;
  view.transportLength = at + length - start;
  return 'transport';
}

function isExtension(header: number): boolean {
  switch (header) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** The text of an address in four words: dotted for IPv4(-mapped) ones, else RFC 5952's canonical form. */
export function formatAddress(word0: number, word1: number, word2: number, word3: number): string {
  if (word0 === 0 && word1 === 0 && word2 === 0xffff) {
    return `${word3 >>> 24}.${(word3 >>> 16) & 255}.${(word3 >>> 8) & 255}.${word3 & 255}`;
  }
  return formatGroups([word0, word1, word2, word3].flatMap((word) => [word >>> 16, word & 0xffff]));
}

/** Different IPv4 addresses remembered by {@link AddressTexts}. */
const MAX_REMEMBERED_ADDRESSES = 65_536;

/** Texts of addresses, each IPv4 address made once: thousands of connections have the same few. */
export class AddressTexts {
  readonly #known = new Map<number, string>();

  /** As {@link formatAddress}. */
  textOf(word0: number, word1: number, word2: number, word3: number): string {
    if (word0 !== 0 || word1 !== 0 || word2 !== 0xffff) return formatAddress(word0, word1, word2, word3);
    const known = this.#known.get(word3);
    if (known !== undefined) return known;
    const text = formatAddress(word0, word1, word2, word3);
    if (this.#known.size < MAX_REMEMBERED_ADDRESSES) this.#known.set(word3, text);
    return text;
  }
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function formatGroups(groups: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** The canonical text of an IPv6 address written out in full (as OpenSSL prints it), or `text` itself when it is something else. */
export function canonicalAddress(text: string): string {
  const groups = text.split(':').map((group) => (/^[0-9a-fA-F]{1,4}$/.test(group) ? Number.parseInt(group, 16) : -1));
  return groups.length === 8 && groups.every((group) => group >= 0) ? formatGroups(groups) : text;
}
