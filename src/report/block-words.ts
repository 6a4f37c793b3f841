import type { Transfer } from '../analysis/contract.js';
import type { BlockPicture, Lane, Way } from './block-picture.js';
import { countOf, durationText } from './format.js';

/** What each kind of transfer is, in Fabric's terms. */
export const KIND_WORDS: Readonly<Record<Transfer['kind'], string>> = {
  deliver: 'delivered by the ordering service',
  push: 'pushed',
  pull: 'pulled',
  'state-transfer': 'state transfer',
  unknown: 'kind unknown',
};

type Known = Pick<Transfer, 'confidence' | 'basis'>;

const DOUBTFUL_BELOW = 0.9;
/** From the first that a confidence reaches. */
const WORDS: readonly (readonly [number, string])[] = [
  [0.98, 'as good as certain'],
  [DOUBTFUL_BELOW, 'very likely'],
  [0.75, 'likely'],
  [0.5, 'more likely than not'],
  [0, 'only a guess'],
];

/** Whether a transfer is to be shown as not quite sure. */
export function isDoubtful(known: Known): boolean {
  return known.confidence < DOUBTFUL_BELOW;
}

/** A confidence in words; what was read needs none. */
export function confidenceWord({ confidence, basis }: Known): string {
  if (basis !== 'packets' && confidence >= 1) return basis === 'plaintext' ? 'read' : 'logged';
  return WORDS.find(([bound]) => confidence >= bound)?.[1] ?? 'only a guess';
}

/** What the picture shows, in a sentence or two. */
export function summaryOf({ number, isNumbered, lanes, ways }: BlockPicture): string {
  const used = ways.filter((w) => w.isUsed);
  const name = isNumbered ? `Block ${number}` : `Block ${number}, counted from the first captured,`;
  const last = used.reduce<Way | null>((latest, w) => (latest === null || w.last > latest.last ? w : latest), null);
  if (last === null) return `Of ${name.replace(/^B/, 'b')} no sender is known with a confidence of one half or more.`;
  const kinds = (['deliver', 'push', 'pull', 'state-transfer', 'unknown'] as const).flatMap((kind) => {
    const count = used.filter((w) => w.kind === kind).length;
    return count === 0
      ? []
      : [kind === 'deliver' ? `${count} from the ordering service` : `${count} ${KIND_WORDS[kind].replace('state transfer', 'by state transfer')}`];
  });
  const spare = ways.length - used.length;
  const peers = lanes.filter((l) => l.role === 'leader' || l.role === 'peer').length;
  const unknown = peers - used.length;
  const of = unknown > 0 ? ` of ${peers}` : '';
  return `${name} came to ${used.length}${of} ${peers === 1 ? 'peer' : 'peers'} within ${durationText(last.last)}, last to ${(lanes[last.to] as Lane).name}: ${kinds.join(', ')}; ${
    spare === 0 ? 'no copy came twice' : `${countOf(spare, 'copy', 'copies')} beyond the first`
  }.${unknown > 0 ? ` For ${countOf(unknown, 'peer')} the sender is not known.` : ''}`;
}
