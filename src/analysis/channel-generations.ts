import type { EventBody, TimelineEvent } from '../events/event.js';
import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import type { Incarnation } from '../reconstruct/network.js';

/** A channel whose ledger began anew at all its nodes, as when a network is taken down with its volumes and brought up again. */
export interface ChannelGeneration {
  /** As Fabric calls it, and it called the one before. */
  readonly channel: string;
  /** What it is called from here on, so that its blocks are not taken for those of the one before: `mychannel#2`. */
  readonly name: string;
  readonly from: Instant;
  readonly evidence: readonly Evidence[];
}

export interface SeparatedEvents {
  readonly events: readonly TimelineEvent[];
  readonly generations: readonly ChannelGeneration[];
  /** Name of a channel that was followed by another of its name → when the nodes of that one began to run. */
  readonly ends: ReadonlyMap<string, Instant>;
}

/** One node's unbroken keeping of one ledger, as its own lines show. */
interface Segment {
  readonly node: string;
  readonly begun: Evidence | null;
  readonly firstAt: Instant;
  lastAt: Instant;
}

/** When one generation of a channel ends and the next begins: every moment from `cut` on is the next one's. */
interface Boundary {
  readonly channel: string;
  readonly cut: Instant;
  readonly name: string;
}

const creates = (body: EventBody): boolean => body.kind === 'ledger.created' || body.kind === 'orderer.channel-created';
const channelOf = (body: EventBody): string | null => ('channel' in body && typeof body.channel === 'string' ? body.channel : null);

/**
 * Tells apart channels of one name that are not one channel: block 1 of a network that was taken down and block 1 of the one that was brought up after it
 * have nothing to do with each other. A channel is another one when every node that has lines about both begins its ledger anew, and nobody's ledger
 * reaches over the pause between; a single peer that lost its ledger and joined again stays in the channel that the others kept.
 * Invariant used: a peer prints `ledger.created` (kvledger, `Creating ledger [..] with genesis block`) only when it has no ledger of that name.
 */
export function separateGenerations(events: readonly TimelineEvent[], incarnations: ReadonlyMap<string, readonly Incarnation[]>): SeparatedEvents {
  const boundaries: Boundary[] = [];
  const generations: ChannelGeneration[] = [];
  const ends = new Map<string, Instant>();
  const starts = [...incarnations.values()].flat().map((i) => i.firstAt);
  for (const [channel, segments] of segmentsOf(events, incarnations)) {
    const groups = joinOverlapping(segments);
    for (const [index, group] of groups.entries()) {
      const before = groups[index - 1];
      if (before === undefined) continue;
      const end = Math.max(...before.map((s) => s.lastAt));
      const begin = Math.min(...group.map((s) => s.firstAt));
      const firstStart = starts.filter((at) => at > end && at <= begin).reduce((a, b) => Math.min(a, b), begin);
      const name = `${channel}#${index + 1}`;
      ends.set(index === 1 ? channel : `${channel}#${index}`, firstStart as Instant);
      boundaries.push({ channel, cut: firstStart as Instant, name });
      generations.push({ channel, name, from: begin as Instant, evidence: group.flatMap((s) => (s.begun === null ? [] : [s.begun])) });
    }
  }
  if (boundaries.length === 0) return { events, generations, ends };
  const named = events.map((event) => renamed(event, boundaries));
  return { events: fillLoneChannels(named, boundaries), generations, ends };
}

/**
 * Channel → every node's segments. A node's next segment begins where it creates a ledger although it had lines about one before; it ends with the life of
 * the process that had the last line about it.
 */
function segmentsOf(
  events: readonly TimelineEvent[],
  incarnations: ReadonlyMap<string, readonly Incarnation[]>,
): ReadonlyMap<string, readonly Segment[]> {
  // The line about block 0 comes before the line about the ledger's creation.
  const creations = new Map<string, Evidence | null>();
  for (const { body, node, incarnation, evidence } of events) {
    const key = `${node}\n${channelOf(body)}\n${incarnation}`;
    if (creates(body) && !creations.has(key)) creations.set(key, evidence[0] ?? null);
  }
  const byChannel = new Map<string, Segment[]>();
  const current = new Map<string, Segment & { incarnation: number }>();
  for (const { body, node, at, incarnation } of events) {
    const channel = channelOf(body);
    if (channel === null) continue;
    const key = `${node}\n${channel}`;
    const known = current.get(key);
    const lifeEnd = incarnations.get(node)?.[incarnation]?.lastAt ?? at;
    const lastAt = lifeEnd > at ? lifeEnd : at;
    const begun = creations.get(`${key}\n${incarnation}`);
    if (known !== undefined && (begun === undefined || incarnation === known.incarnation)) {
      known.lastAt = lastAt;
      known.incarnation = incarnation;
      continue;
    }
    const segment = { node, begun: begun ?? null, firstAt: at, lastAt, incarnation };
    current.set(key, segment);
    const list = byChannel.get(channel) ?? [];
    list.push(segment);
    byChannel.set(channel, list);
  }
  return byChannel;
}

/** Segments that overlap in time are of one generation; groups in order of time. Only a segment that was begun anew can open one. */
function joinOverlapping(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  const sorted = [...segments].sort((a, b) => a.firstAt - b.firstAt);
  const groups: Segment[][] = [];
  for (const segment of sorted) {
    const current = groups.at(-1);
    // Nobody kept the ledger until now, and somebody who had it has another.
    const opens = segment.begun !== null && current?.some((s) => s.node === segment.node) && current.every((s) => s.lastAt < segment.firstAt);
    if (current === undefined || opens) groups.push([segment]);
    else current.push(segment);
  }
  return groups;
}

function renamed(event: TimelineEvent, boundaries: readonly Boundary[]): TimelineEvent {
  const channel = channelOf(event.body);
  if (channel === null) return event;
  const boundary = boundaries.findLast((b) => b.channel === channel && event.at >= b.cut);
  return boundary === undefined ? event : { ...event, body: { ...event.body, channel: boundary.name } as EventBody };
}

/**
 * A line that names no channel belongs to the only channel that its node has in its generation. The reconstructions conclude so too, but they see all
 * generations at once, and would find several.
 */
function fillLoneChannels(events: readonly TimelineEvent[], boundaries: readonly Boundary[]): readonly TimelineEvent[] {
  const cuts = [...new Set(boundaries.map((b) => b.cut))].sort((a, b) => a - b);
  const eraOf = (at: Instant): number => cuts.filter((cut) => at >= cut).length;
  const channels = new Map<string, Set<string>>();
  for (const { body, node, at } of events) {
    const channel = channelOf(body);
    if (channel === null) continue;
    const key = `${node} ${eraOf(at)}`;
    channels.set(key, (channels.get(key) ?? new Set()).add(channel));
  }
  return events.map((event) => {
    if (!('channel' in event.body) || event.body.channel !== null) return event;
    const [only, ...more] = channels.get(`${event.node} ${eraOf(event.at)}`) ?? [];
    return only === undefined || more.length > 0 ? event : { ...event, body: { ...event.body, channel: only } as EventBody };
  });
}
