import type { TimelineEvent } from '../events/event.js';
import type { Evidence } from '../events/evidence.js';
import type { Instant } from '../events/instant.js';
import { obtain, type Reconstructor } from './network.js';

/** `to` null: until the end of what was recorded. */
export interface InterruptionSpan {
  readonly from: Instant;
  readonly to: Instant | null;
  readonly evidence: readonly Evidence[];
}

/** When a node's container stood still, and when it was off a network, by Docker's events. */
export interface Interruptions {
  readonly pauses: readonly InterruptionSpan[];
  readonly disconnections: readonly (InterruptionSpan & { readonly network: string })[];
}

type Change = 'started' | 'died' | 'paused' | 'unpaused' | 'connected' | 'disconnected';

interface Happening {
  readonly change: Change;
  readonly at: Instant;
  readonly network: string;
  readonly evidence: readonly Evidence[];
}

const CHANGES: ReadonlyMap<TimelineEvent['body']['kind'], Change> = new Map([
  ['container.started', 'started'],
  ['container.died', 'died'],
  ['container.paused', 'paused'],
  ['container.unpaused', 'unpaused'],
  ['network.connected', 'connected'],
  ['network.disconnected', 'disconnected'],
] as const);

/** More changes of one node than a recording is made of. */
const MAX_CHANGES = 20_000;
/** Docker takes a container off its networks as part of its end, and tells the two within this time, in either order by version. */
const PART_OF_END_MICROS = 3_000_000;

/**
 * Pauses and disconnections of every node. A pause ends when Docker unpauses the container or it dies. Docker takes a container that ends off its networks
 * too: only what happens to one that goes on running is a disconnection; it ends when the container is connected to that network again, or ends itself.
 */
export function reconstructInterruptions(): Reconstructor<ReadonlyMap<string, Interruptions>> {
  const happenings = new Map<string, Happening[]>();
  return {
    step({ body, node, at, evidence }) {
      const change = CHANGES.get(body.kind);
      if (change === undefined) return;
      const list = obtain(happenings, node, (): Happening[] => []);
      if (list.length < MAX_CHANGES) list.push({ change, at, network: 'network' in body ? body.network : '', evidence });
    },
    finish: () => new Map([...happenings].map(([node, list]) => [node, { pauses: pausesIn(list), disconnections: disconnectionsIn(list) }])),
  };
}

function pausesIn(list: readonly Happening[]): readonly InterruptionSpan[] {
  const spans: InterruptionSpan[] = [];
  let open: Happening | null = null;
  for (const h of list) {
    if (h.change === 'paused') open ??= h;
    else if (open !== null && (h.change === 'unpaused' || h.change === 'died' || h.change === 'started')) {
      spans.push({ from: open.at, to: h.at, evidence: [...open.evidence, ...h.evidence] });
      open = null;
    }
  }
  return open === null ? spans : [...spans, { from: open.at, to: null, evidence: open.evidence }];
}

function disconnectionsIn(list: readonly Happening[]): Interruptions['disconnections'] {
  const deaths = list.filter((h) => h.change === 'died').map((h) => h.at);
  const spans: (InterruptionSpan & { readonly network: string })[] = [];
  const open = new Map<string, Happening>();
  let isDown = false;
  let nextDeath = 0;
  for (const [index, h] of list.entries()) {
    while (nextDeath < deaths.length && (deaths[nextDeath] as Instant) < h.at) nextDeath++;
    if (h.change === 'died' || h.change === 'started') {
      isDown = h.change === 'died';
      for (const [network, from] of open) spans.push({ network, from: from.at, to: h.at, evidence: [...from.evidence, ...h.evidence] });
      open.clear();
    } else if (h.change === 'disconnected') {
      const diesSoon = (deaths[nextDeath] ?? Infinity) - h.at <= PART_OF_END_MICROS;
      // docker-compose takes what it has created off its networks and puts it back before it starts it.
      const startsLater = list.slice(index + 1).find((next) => next.change === 'started' || next.change === 'died')?.change === 'started';
      if (!isDown && !diesSoon && !startsLater && !open.has(h.network)) open.set(h.network, h);
    } else if (h.change === 'connected') {
      const from = open.get(h.network);
      if (from === undefined) continue;
      spans.push({ network: h.network, from: from.at, to: h.at, evidence: [...from.evidence, ...h.evidence] });
      open.delete(h.network);
    }
  }
  for (const [network, from] of open) spans.push({ network, from: from.at, to: null, evidence: from.evidence });
  return spans.sort((a, b) => a.from - b.from || (a.network < b.network ? -1 : 1));
}
