import type { BlockPicture, Lane, Way } from './block-picture.js';
import type { Evidence } from './evidence-notes.js';

/** Transfers that the page holds for blocks to be picked; of more, the blocks that spread slowest are kept, and the page says so. */
export const MAX_PACKED_TRANSFERS = 4_000;

const ROLES = ['orderer', 'leader', 'peer', 'other'] as const;
const KINDS = ['deliver', 'push', 'pull', 'state-transfer', 'unknown'] as const;
const BASES = ['packets', 'plaintext', 'log'] as const;
const CONFIDENCE_STEPS = 1_000;

/** Name, label, place of the group among the groups or -1. */
type PackedNode = readonly [name: string, label: string, group: number];
/** Times in microseconds after the start; the notes are those of its log lines and of the copy that it used, 0 for none. */
type PackedLane = readonly [
  node: number,
  role: number,
  logNote: number,
  copyNote: number,
  arrived: number | null,
  received: number | null,
  validated: number | null,
  committed: number | null,
];
/** The length is `last - first`; the flags are kind + 8 × basis + 64 × whether it is used. */
type PackedWay = readonly [from: number, to: number, flags: number, first: number, length: number, bytes: number, confidence: number];
type PackedBlock = readonly [number: number, startAt: string, lanes: readonly PackedLane[], ways: readonly PackedWay[]];

/** Pictures of many blocks as the page's script gets them. */
export interface PackedPictures {
  readonly isNumbered: boolean;
  readonly nodes: readonly PackedNode[];
  readonly groups: readonly string[];
  readonly blocks: readonly PackedBlock[];
}

/** `pictures` in few bytes. `noteOf` numbers the note that shows evidence; that of copies which were not used is left out, for it would be most of the page. */
export function packPictures(pictures: readonly BlockPicture[], noteOf: (evidence: readonly Evidence[]) => number): PackedPictures {
  const groups = [...new Set(pictures.flatMap((p) => p.lanes.flatMap((l) => (l.group === null ? [] : [l.group]))))];
  const nodes: PackedNode[] = [];
  const places = new Map<string, number>();
  const placeOf = (lane: Lane): number => {
    // A node's short name depends on who else is in the picture.
    const key = JSON.stringify([lane.name, lane.label, lane.group]);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, nodes.length);
    nodes.push([lane.name, lane.label, lane.group === null ? -1 : groups.indexOf(lane.group)]);
    return nodes.length - 1;
  };
  const blocks = pictures.map(
    (p): PackedBlock => [
      p.number,
      p.startAt,
      p.lanes.map((l, i): PackedLane => {
        const used = p.ways.find((w) => w.isUsed && w.to === i);
        const notes = [noteOf(l.evidence), noteOf(used?.evidence ?? [])] as const;
        return [placeOf(l), ROLES.indexOf(l.role), ...notes, l.arrived, l.received, l.validated, l.committed];
      }),
      p.ways.map(
        (w): PackedWay => [
          w.from,
          w.to,
          KINDS.indexOf(w.kind) + 8 * BASES.indexOf(w.basis) + (w.isUsed ? 64 : 0),
          w.first,
          w.last - w.first,
          w.bytes,
          Math.round(w.confidence * CONFIDENCE_STEPS),
        ],
      ),
    ],
  );
  return { isNumbered: pictures.every((p) => p.isNumbered), nodes, groups, blocks };
}

export interface UnpackedPicture {
  readonly picture: BlockPicture;
  /** The number of the note that shows a lane's lines or an arrow's frames; 0 where none does. */
  readonly noteOf: (of: Lane | Way) => number;
}

/** The picture of one packed block. Its evidence is in notes of the page. */
export function unpackPicture(packed: PackedPictures, block: PackedBlock): UnpackedPicture {
  const [number, startAt, packedLanes, packedWays] = block;
  const lanes = packedLanes.map(([node, role, , , arrived, received, validated, committed]): Lane => {
    const [name, label, group] = packed.nodes[node] as PackedNode;
    return {
      name,
      label,
      group: packed.groups[group] ?? null,
      role: ROLES[role] as Lane['role'],
      arrived,
      received,
      validated,
      committed,
      evidence: [],
    };
  });
  const ways = packedWays.map(
    ([from, to, flags, first, length, bytes, confidence]): Way => ({
      from,
      to,
      kind: KINDS[flags % 8] as Way['kind'],
      basis: BASES[Math.floor(flags / 8) % 8] as Way['basis'],
      isUsed: flags >= 64,
      first,
      last: first + length,
      bytes,
      confidence: confidence / CONFIDENCE_STEPS,
      evidence: [],
    }),
  );
  const noteOf = (of: Lane | Way): number => {
    if (!('to' in of)) return packedLanes[lanes.indexOf(of)]?.[2] ?? 0;
    return of.isUsed ? (packedLanes[of.to]?.[3] ?? 0) : 0;
  };
  return { picture: { number, isNumbered: packed.isNumbered, startAt, lanes, ways }, noteOf };
}
