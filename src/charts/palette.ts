import type { Analysis } from '../analysis/contract.js';

/** How a node looks in every chart: its own colour, its organization's shape and line. */
export interface NodeStyle {
  readonly colour: string;
  readonly pointStyle: string;
  readonly borderDash: readonly number[];
}

// Okabe and Ito's colour-blind-safe set (Color Universal Design, 2008) without black; their yellow darkened to show on white.
const HUES = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#B5A800'];
// Around the hues once as they are, then darker, then lighter: 21 nodes before a colour comes back.
const SHADES = [0, -0.45, 0.5];
const SHAPES = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'cross', 'star'];
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4], [1, 4]];

export const COLOURS = {
  ink: '#222222',
  faint: '#595959',
  grid: '#E3E3E3',
  running: '#D9D9D9',
  leaderless: '#8C8C8C',
  overlap: '#000000',
  reference: '#000000',
} as const;

/** How a block came, in every picture of its way. State transfer's is the set's reddish purple, darkened to read as a thin line. */
export const TRANSFER_COLOURS = {
  deliver: HUES[0] as string,
  push: HUES[2] as string,
  pull: HUES[5] as string,
  'state-transfer': '#96407A',
  unknown: COLOURS.faint,
} as const;

/** The look of a node that is no known peer. */
export const UNKNOWN_STYLE: NodeStyle = { colour: COLOURS.faint, pointStyle: 'circle', borderDash: [] };

/** Whether a point style is drawn by its border alone. */
export function isOutline(pointStyle: string): boolean {
  return pointStyle === 'star' || pointStyle.startsWith('cross');
}

/** One colour of the hue circle, for things that are no nodes (stages, kinds of traffic). */
export function hue(index: number): string {
  return HUES[index % HUES.length] as string;
}

/** Orders names as a person would (peer2 before peer10), the same in every locale. */
export function compareNames(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const l = left[i] as string;
    const r = right[i] as string;
    if (l === r) continue;
    const difference = i % 2 === 1 ? Number(l) - Number(r) : 0;
    return difference !== 0 ? difference : l < r ? -1 : 1;
  }
  return left.length - right.length;
}

/** The organization of every peer: its MSP ID, or where no source tells it the group the analysis found, named after its first peer. */
export function organizationsOfPeers(analysis: Analysis): ReadonlyMap<string, string> {
  const byPeer = new Map<string, string>();
  for (const node of analysis.nodes) if (node.mspId !== null) byPeer.set(node.name, node.mspId);
  for (const channel of analysis.channels) {
    for (const organization of channel.organizations) {
      const label = organization.mspId ?? `organization of ${[...organization.peers].sort(compareNames)[0] ?? 'nobody'}`;
      for (const peer of organization.peers) if (!byPeer.has(peer)) byPeer.set(peer, label);
    }
  }
  return byPeer;
}

/** The look of every peer of the analysis, the same whichever chart asks. Its keys are in the order to list peers: by organization, then by name. */
export function stylesOfPeers(analysis: Analysis): ReadonlyMap<string, NodeStyle> {
  const organizations = organizationsOfPeers(analysis);
  const peers = new Set(analysis.nodes.filter((n) => n.kind === 'peer').map((n) => n.name));
  for (const channel of analysis.channels) for (const peer of channel.peers) peers.add(peer.peer);
  const organizationOf = (peer: string): string => organizations.get(peer) ?? '';
  const ordered = [...peers].sort((a, b) => compareNames(organizationOf(a), organizationOf(b)) || compareNames(a, b));
  const order = [...new Set(ordered.map(organizationOf))];
  return new Map(
    ordered.map((peer, index) => {
      const place = order.indexOf(organizationOf(peer));
      const shade = SHADES[Math.floor(index / HUES.length) % SHADES.length] as number;
      const style: NodeStyle = {
        colour: mix(hue(index), shade),
        pointStyle: SHAPES[place % SHAPES.length] as string,
        borderDash: DASHES[place % DASHES.length] as readonly number[],
      };
      return [peer, style];
    }),
  );
}

/** `peers` in the order of {@link stylesOfPeers}, each once; those it does not know come last. */
export function inOrder(peers: Iterable<string>, styles: ReadonlyMap<string, NodeStyle>): readonly string[] {
  const places = new Map([...styles.keys()].map((peer, index) => [peer, index]));
  const placeOf = (peer: string): number => places.get(peer) ?? styles.size;
  return [...new Set(peers)].sort((a, b) => placeOf(a) - placeOf(b) || compareNames(a, b));
}

const MAX_SHORT_NAME = 34;

/** For each of `names` a name short enough for a legend: without the domain that all of them share, and cut in the middle if still long. */
export function shortNames(names: readonly string[]): { readonly [name: string]: string } {
  const parts = names.map((name) => name.split('.'));
  const shortest = Math.min(...parts.map((p) => p.length));
  let shared = 0;
  // Addresses share no domain; and a host keeps one label of its organization's.
  const most = names.length < 2 || names.some((name) => name.includes(':')) ? 0 : shortest - 2;
  while (shared < most && parts.every((p) => p.at(-1 - shared) === parts[0]?.at(-1 - shared))) shared++;
  return Object.fromEntries(
    parts.map((p) => {
      const short = p.slice(0, p.length - shared).join('.');
      const half = (MAX_SHORT_NAME - 1) / 2;
      const cut = short.length <= MAX_SHORT_NAME ? short : `${short.slice(0, Math.ceil(half))}…${short.slice(-Math.floor(half))}`;
      return [p.join('.'), cut];
    }),
  );
}

/** A paler version of a node's colour, for what is weaker than a term. */
export function paler(colour: string): string {
  return mix(colour, 0.6);
}

/** `#RRGGBB` moved towards black (negative) or white (positive) by a share. */
function mix(colour: string, share: number): string {
  const target = share < 0 ? 0 : 255;
  const channels = [1, 3, 5].map((i) => {
    const value = Number.parseInt(colour.slice(i, i + 2), 16);
    return Math.round(value + (target - value) * Math.abs(share))
      .toString(16)
      .padStart(2, '0');
  });
  return `#${channels.join('').toUpperCase()}`;
}
