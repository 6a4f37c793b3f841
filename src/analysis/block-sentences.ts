import type { Block, BlockCopy, Channel, Sentence } from './contract.js';
import { clockOf, countOf, durationOf, listOf, microsOf, rangesOf } from './phrases.js';
import { sentence, type Told } from './walkthrough.js';

/** So many of the first blocks are told one by one. */
const TOLD_BLOCKS = 5;

/** How the first blocks travelled, what the later ones did on the whole, and which was slowest and where. */
export function tellBlocks(channel: Channel, told: Told): readonly Sentence[] {
  const numbered = channel.blocks.filter((b) => b.number >= 1 && b.copies.some(isDated));
  const first = numbered.slice(0, TOLD_BLOCKS);
  const rest = numbered.slice(TOLD_BLOCKS);
  const catchUps = lateCopies(channel, told);
  const late = new Set(catchUps.flatMap((l) => l.copies));
  return [...first.map((b) => tellBlock(b, channel, late)), ...tellRest(rest, channel, late), ...tellCatchUps(channel, catchUps)];
}

/** Where no log tells of a copy, its last byte on the wire. */
const knownAt = (c: BlockCopy): string | null => c.receivedAt ?? c.committedAt ?? c.lastByteAt;
const moment = (c: BlockCopy): string => knownAt(c) as string;

function tellBlock(block: Block, channel: Channel, late: ReadonlySet<BlockCopy>): Sentence {
  const dated = block.copies.filter(isDated).sort((a, b) => (moment(a) < moment(b) ? -1 : 1));
  const prompt = dated.filter((c) => !late.has(c));
  const [first] = prompt.length > 0 ? prompt : dated;
  const begin = moment(first as BlockCopy);
  const verb = (first as BlockCopy).receivedAt === null && (first as BlockCopy).committedAt !== null ? 'committed' : 'received';
  const after = (c: BlockCopy): string => {
    const lag = microsOf(moment(c)) - microsOf(begin);
    return lag < 1000 ? c.peer : `${c.peer} ${durationOf(lag)} later`;
  };
  const pulled = prompt.filter((c) => c.via === 'deliver');
  const spread = prompt.filter((c) => c.via !== 'deliver');
  const orderers = [...new Set(pulled.flatMap((c) => (c.from === null ? [] : [c.from.node])))];
  const parts = [
    ...(pulled.length > 0 ? [`${verb} from ${orderers.length === 0 ? 'the orderer' : listOf(orderers)} by ${listOf(pulled.map(after))}`] : []),
    ...(spread.length > 0
      ? [`${pulled.length > 0 ? 'then ' : `${verb} `}by ${spread.some((c) => c.via === 'gossip') ? 'gossip at ' : ''}${listOf(spread.map(after))}`]
      : []),
  ];
  const kind = block.config === true ? ' (configuration)' : block.transactions === null ? '' : ` (${countOf(block.transactions, 'transaction')})`;
  const committed = block.copies
    .filter((c) => c.committedAt !== null && !late.has(c))
    .map((c) => c.committedAt as string)
    .sort();
  const done =
    committed.length > 1 && verb === 'received'
      ? `; the last peer committed it ${durationOf(microsOf(committed.at(-1) as string) - microsOf(begin))} after the first one received it`
      : '';
  const cut =
    block.ordered?.writtenAt != null && block.ordered.writtenAt <= begin
      ? `, written by ${block.ordered.orderer} at ${clockOf(block.ordered.writtenAt)},`
      : '';
  return sentence(
    'block',
    begin,
    `Block ${block.number}${kind} of ${channel.name ?? 'the channel'}${cut} was ${parts.join(', ')}${done}.`,
    prompt.map((c) => c.peer),
    channel.name,
    prompt.flatMap((c) => c.evidence.slice(0, 1)),
  );
}

function tellRest(blocks: readonly Block[], channel: Channel, late: ReadonlySet<BlockCopy>): readonly Sentence[] {
  const byLogs = blocks.some((b) => b.copies.some((c) => (c.receivedAt ?? c.committedAt) !== null));
  const spreads = blocks.flatMap((b) => {
    const copies = b.copies
      .filter((c) => (byLogs ? c.receivedAt : c.lastByteAt) !== null && !late.has(c))
      .sort((x, y) => (moment(x) < moment(y) ? -1 : 1));
    const [first] = copies;
    const last = copies.at(-1);
    return first === undefined || last === undefined || copies.length < 2
      ? []
      : [{ block: b, first, last, micros: microsOf(moment(last)) - microsOf(moment(first)) }];
  });
  const sorted = [...spreads].sort((a, b) => a.micros - b.micros || a.block.number - b.block.number);
  const slowest = sorted.at(-1);
  const median = sorted[Math.ceil(sorted.length / 2) - 1];
  const [begin] = spreads;
  if (slowest === undefined || median === undefined || begin === undefined || spreads.length < 2) return [];
  return [
    sentence(
      'block',
      moment(begin.first),
      `Blocks ${rangesOf(spreads.map((s) => s.block.number))} of ${channel.name ?? 'the channel'} ${byLogs ? 'left the last peer’s buffer' : 'reached the last peer on the wire'} ${durationOf(median.micros)} after the first ${byLogs ? 'peer’s' : 'one'} in the median, at most ${durationOf(slowest.micros)}: block ${slowest.block.number} at ${slowest.last.peer}.`,
      [slowest.last.peer],
      channel.name,
      [...slowest.first.evidence.slice(0, 1), ...slowest.last.evidence.slice(0, 1)],
    ),
  ];
}

interface CatchUp {
  readonly peer: string;
  readonly copies: readonly BlockCopy[];
  readonly numbers: readonly number[];
}

/** Copies a peer got only because it came later than the block: after its join or its restart, in one run of consecutive numbers. */
function lateCopies(channel: Channel, told: Told): readonly CatchUp[] {
  const blocks = channel.blocks.filter((b) => b.number >= 1).map((b) => ({ number: b.number, firsts: firstTwo(b.copies), byPeer: copiesByPeer(b) }));
  return channel.peers.flatMap((p) => {
    const starts = told.nodes.find((n) => n.name === p.peer)?.starts.slice(1) ?? [];
    const returns = [...(p.joinedAt === null ? [] : [p.joinedAt]), ...starts.map((s) => s.at)].sort();
    const caughtUp = new Map<string, { readonly copies: BlockCopy[]; readonly numbers: number[] }>();
    for (const { number, firsts, byPeer } of blocks) {
      const copy = byPeer.get(p.peer);
      const elsewhere = firsts.find((c) => c.peer !== p.peer);
      if (copy === undefined || elsewhere === undefined) continue;
      const since = returns.findLast((r) => r <= moment(copy));
      if (since === undefined || moment(elsewhere) >= since) continue;
      const known = caughtUp.get(since) ?? { copies: [], numbers: [] };
      caughtUp.set(since, known);
      known.copies.push(copy);
      known.numbers.push(number);
    }
    return [...caughtUp].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, missed]) => ({ peer: p.peer, ...missed }));
  });
}

const isDated = (c: BlockCopy): boolean => knownAt(c) !== null;

function copiesByPeer(block: Block): ReadonlyMap<string, BlockCopy> {
  return new Map(block.copies.filter(isDated).map((c) => [c.peer, c] as const));
}

/** The two earliest copies: one of them is at another peer than any that is asked about. */
function firstTwo(copies: readonly BlockCopy[]): readonly BlockCopy[] {
  let first: BlockCopy | null = null;
  let second: BlockCopy | null = null;
  for (const c of copies.filter(isDated)) {
    if (first === null || moment(c) < moment(first)) [first, second] = [c, first];
    else if (second === null || moment(c) < moment(second)) second = c;
  }
  return [first, second].filter((c) => c !== null);
}

function tellCatchUps(channel: Channel, catchUps: readonly CatchUp[]): readonly Sentence[] {
  return catchUps.map(({ peer, copies, numbers }) => {
    const moments = copies.map(moment).sort();
    const from = moments[0] as string;
    const micros = microsOf(moments.at(-1) as string) - microsOf(from);
    const ways = [...new Set(copies.map((c) => c.via))];
    const way = ways.length === 1 && ways[0] === 'deliver' ? ' from the orderer' : ways.includes('state-transfer') ? ' by state transfer' : '';
    const took = numbers.length === 1 ? '' : ` in ${durationOf(micros)}`;
    return sentence(
      'recovery',
      from,
      `${peer} caught up ${numbers.length === 1 ? 'block' : 'blocks'} ${rangesOf(numbers)} of ${channel.name ?? 'the channel'}${way}${took}.`,
      [peer],
      channel.name,
      [...(copies[0]?.evidence.slice(0, 1) ?? []), ...(copies.at(-1)?.evidence.slice(0, 1) ?? [])],
    );
  });
}
