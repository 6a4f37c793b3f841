import { u16be, u32be, u32le } from './byte-order.js';
import type { CapturedFrame } from './captured-frame.js';
import type { Dissection } from './dissection.js';

/** LINKTYPE_ numbers (tcpdump.org/linktypes.html); 12 and 14 are what BSDs write for raw IP. */
const LINKTYPE_NULL = 0;
const LINKTYPE_ETHERNET = 1;
const DLT_RAW = 12;
const DLT_RAW_OPENBSD = 14;
const LINKTYPE_RAW = 101;
const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
export const LINKTYPE_LINUX_SLL2 = 276;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Below, the field is a length (IEEE 802.3). */
const SMALLEST_ETHERTYPE = 0x0600;
const MAX_VLAN_TAGS = 8;

const UNREADABLE = -1;

/** Customer and service tags of IEEE 802.1Q, and the two that were used for QinQ before it. */
function isVlanTag(etherType: number): boolean {
  return etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100 || etherType === 0x9200;
}

/**
 * Finds the network layer of `frame`: fills in `etherType` and `networkStart`. Returns false when the link type is unknown or the frame too short;
 * what is no IP (ARP, spanning tree) is readable and has its own EtherType.
 */
export function dissectLink(frame: CapturedFrame, view: Dissection): boolean {
  const data = frame.data;
  const at = frame.start;
  const length = frame.end - at;
  view.data = data;
  view.end = frame.end;
  view.etherType = UNREADABLE;
  switch (frame.linkType) {
    case LINKTYPE_ETHERNET:
      return length >= 14 && dissectEtherType(view, u16be(data, at + 12), at + 14);
    case LINKTYPE_LINUX_SLL:
      return length >= 16 && dissectEtherType(view, u16be(data, at + 14), at + 16);
    case LINKTYPE_LINUX_SLL2:
      return length >= 20 && dissectEtherType(view, u16be(data, at), at + 20);
    case DLT_RAW:
    case DLT_RAW_OPENBSD:
    case LINKTYPE_RAW:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
      return length >= 1 && dissectRawIp(view, at);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return length >= 5 && dissectLoopback(view, at);
    default:
      return false;
  }
}

/** Whether `linkType` is one this reads. */
export function isKnownLinkType(linkType: number): boolean {
  return [
    LINKTYPE_NULL,
    LINKTYPE_ETHERNET,
    DLT_RAW,
    DLT_RAW_OPENBSD,
    LINKTYPE_RAW,
    LINKTYPE_LOOP,
    LINKTYPE_LINUX_SLL,
    LINKTYPE_IPV4,
    LINKTYPE_IPV6,
    LINKTYPE_LINUX_SLL2,
  ].includes(linkType);
}

function dissectEtherType(view: Dissection, firstType: number, firstStart: number): boolean {
  const data = view.data;
  let etherType = firstType;
  let start = firstStart;
  for (let tags = 0; tags < MAX_VLAN_TAGS && isVlanTag(etherType); tags++) {
    if (start + 4 > view.end) return false;
    etherType = u16be(data, start + 2);
    start += 4;
  }
  // IEEE 802.2 with a SNAP header (RFC 1042): AA AA 03, three zeros, then an EtherType.
  if (etherType < SMALLEST_ETHERTYPE && start + 8 <= view.end && u32be(data, start) === 0xaaaa0300 && u16be(data, start + 4) === 0) {
    etherType = u16be(data, start + 6);
    start += 8;
  }
  view.etherType = etherType;
  view.networkStart = start;
  return true;
}

function dissectRawIp(view: Dissection, at: number): boolean {
  const version = (view.data[at] as number) >> 4;
  if (version !== 4 && version !== 6) return false;
  view.etherType = version === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  view.networkStart = at;
  return true;
}

/**
 * BSD loopback: a 32-bit address family in the byte order of the capturing host (NULL) or of the network (LOOP). AF_INET is 2 everywhere, AF_INET6 is
 * 10, 24, 28 or 30: so small that the wrong byte order cannot be mistaken.
 */
function dissectLoopback(view: Dissection, at: number): boolean {
  const family = Math.min(u32be(view.data, at), u32le(view.data, at));
  if (family === 2) view.etherType = ETHERTYPE_IPV4;
  else if (family === 10 || family === 24 || family === 28 || family === 30) view.etherType = ETHERTYPE_IPV6;
  view.networkStart = at + 4;
  return true;
}
