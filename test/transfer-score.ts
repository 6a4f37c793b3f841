import type { Analysis, Channel, Transfer } from '../src/analysis/contract.js';

/** Who pushed what to whom, by the DEBUG lines of the peers that received it; kept beside a recording, whose logs have no such lines. */
export interface TransferTruth {
  readonly leadership: readonly { readonly channel: string; readonly peer: string; readonly from: string; readonly toUntil?: string }[];
  readonly peers: Readonly<Record<string, unknown>>;
  readonly copies: readonly { readonly block: number; readonly from?: string; readonly to: string; readonly at: string }[];
  readonly firstCopies: readonly { readonly block: number; readonly from: readonly string[]; readonly to: string; readonly at: string }[];
}

export interface Share {
  readonly right: number;
  readonly all: number;
}

/** What was claimed with about the same confidence. */
export interface ConfidenceBin extends Share {
  /** Mean confidence. */
  readonly claimed: number;
}

export interface TransferScore {
  /** Of the first copies the ones whose first sender is named, rightly; over all, and over those with any sender named by packets. */
  readonly firstSender: Share;
  readonly namedSender: Share;
  readonly recall: Share;
  readonly precision: Share;
  /** Of pushes, by tenths of confidence; and of first senders. */
  readonly pushBins: readonly ConfidenceBin[];
  readonly senderBins: readonly ConfidenceBin[];
}

/** What the truth and what was analyzed do not have in common. */
export interface Comparison {
  /** Seconds since the epoch; what the truth has outside of it the capture cannot show. */
  readonly within?: readonly [number, number];
  /** Address → name, for a capture that tells no names because it begins after the handshakes. */
  readonly names?: ReadonlyMap<string, string>;
}

/** The channel that the truth is about. */
const CHANNEL = 'mychannel';
const ALL_TIME = [0, Number.POSITIVE_INFINITY] as const;

/** The names of the nodes by their addresses, as a whole recording tells them. */
export function namesByAddress(whole: Analysis): ReadonlyMap<string, string> {
  return new Map(whole.nodes.flatMap((n) => n.addresses.map((address) => [address, n.name] as const)));
}

const FEWEST_IN_BIN = 50;
const key = (block: number, from: string, to: string): string => `${block}|${from}|${to}`;
export const percent = ({ right, all }: Share): number => (all === 0 ? 100 : (100 * right) / all);

/**
 * Compares an analysis with the truth about one channel. A channel without a name is taken for the one of the truth, with the difference of numbers by which the most pushes fit:
 * relative numbers have no other meaning.
 */
export function scoreTransfers(analysis: Analysis, truth: TransferTruth, { within = ALL_TIME, names = new Map() }: Comparison = {}): TransferScore {
  const nameOf = (node: string): string => names.get(node) ?? node;
  const isShown = ({ at }: { readonly at: string }): boolean => Date.parse(at) / 1000 >= within[0] && Date.parse(at) / 1000 <= within[1];
  const all = new Set(truth.copies.flatMap((c) => (c.from === undefined ? [] : [key(c.block, c.from, c.to)])));
  const due = new Set(truth.copies.filter(isShown).flatMap((c) => (c.from === undefined ? [] : [key(c.block, c.from, c.to)])));
  const covered = new Set(truth.copies.map((c) => `${c.block}|${c.to}`));
  const said = new Map<string, number>();
  const senders = new Map<string, { readonly node: string; readonly confidence: number }>();
  for (const channel of analysis.channels.filter((c) => c.name === CHANNEL || c.name === null)) {
    const offset = channel.name === null ? bestOffset(channel, all, nameOf) : 0;
    for (const { number, copies } of channel.blocks)
      for (const { peer, from, transfers } of copies) {
        const block = number + offset;
        const to = nameOf(peer);
        for (const t of transfers.filter((t) => isPush(t) && nameOf(t.from) in truth.peers && covered.has(`${block}|${to}`))) {
          const push = key(block, nameOf(t.from), to);
          said.set(push, Math.max(t.confidence, said.get(push) ?? 0));
        }
        if (from !== null && from.basis !== 'leadership') senders.set(`${block}|${to}`, { ...from, node: nameOf(from.node) });
      }
  }
  const first = truth.firstCopies.filter(isShown).map((c) => ({ ...c, said: senders.get(`${c.block}|${c.to}`) ?? null }));
  const named = first.flatMap((c) => (c.said === null ? [] : [{ confidence: c.said.confidence, isRight: c.from.includes(c.said.node) }]));
  const right = named.filter((n) => n.isRight).length;
  const claims = [...said].map(([k, confidence]) => ({ confidence, isRight: all.has(k) }));
  return {
    firstSender: { right, all: first.length },
    namedSender: { right, all: named.length },
    recall: { right: [...due].filter((k) => said.has(k)).length, all: due.size },
    precision: { right: claims.filter((c) => c.isRight).length, all: claims.length },
    pushBins: binsOf(claims),
    senderBins: binsOf(named),
  };
}

const isPush = (t: Transfer): boolean => t.kind === 'push';

function bestOffset(channel: Channel, truth: ReadonlySet<string>, nameOf: (node: string) => string): number {
  const pushes = channel.blocks.flatMap((b) =>
    b.copies.flatMap((c) => c.transfers.filter(isPush).map((t) => ({ block: b.number, pair: `|${nameOf(t.from)}|${nameOf(c.peer)}` }))),
  );
  const blocks = new Map<string, number[]>();
  for (const k of truth) {
    const at = k.indexOf('|');
    const pair = k.slice(at);
    const known = blocks.get(pair);
    if (known === undefined) blocks.set(pair, [Number(k.slice(0, at))]);
    else known.push(Number(k.slice(0, at)));
  }
  const counts = new Map<number, number>();
  for (const { block, pair } of pushes) for (const b of blocks.get(pair) ?? []) counts.set(b - block, (counts.get(b - block) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || Math.abs(a) - Math.abs(b))[0]?.[0] ?? 0;
}

/** Tenths of confidence in which anything was claimed. */
function binsOf(claims: readonly { readonly confidence: number; readonly isRight: boolean }[]): readonly ConfidenceBin[] {
  const bins = new Map<number, { claimed: number; right: number; all: number }>();
  for (const { confidence, isRight } of claims) {
    const tenth = Math.min(9, Math.floor(confidence * 10));
    const bin = bins.get(tenth) ?? { claimed: 0, right: 0, all: 0 };
    bins.set(tenth, bin);
    bin.claimed += confidence;
    bin.all += 1;
    if (isRight) bin.right += 1;
  }
  return [...bins].sort(([a], [b]) => a - b).map(([, b]) => ({ ...b, claimed: b.claimed / b.all }));
}

/** The bins that hold enough to say how often a claim is right. */
export const filledBins = (bins: readonly ConfidenceBin[]): readonly ConfidenceBin[] => bins.filter((b) => b.all >= FEWEST_IN_BIN);

export interface LeaderScore {
  readonly right: number;
  readonly missed: readonly string[];
  readonly invented: readonly string[];
}

const LEAST_TERM_MICROS = 1_000_000;
/** A stream opens within a moment of the line that says so. */
const SAME_TERM_MILLIS = 3_000;

/** Terms that only packets or plaintext tell, against the ones of at least a second that the logs told. */
export function scoreLeaders(analysis: Analysis, truth: TransferTruth, { within = ALL_TIME, names = new Map() }: Comparison = {}): LeaderScore {
  const [begin, end] = [within[0] * 1000, within[1] * 1000];
  const due = truth.leadership.filter(
    (t) =>
      (t.toUntil === undefined || (Date.parse(t.toUntil) - Date.parse(t.from)) * 1000 >= LEAST_TERM_MICROS) &&
      Date.parse(t.from) <= end &&
      (t.toUntil === undefined || Date.parse(t.toUntil) >= begin),
  );
  const said = analysis.channels.flatMap((c) =>
    c.organizations.flatMap((o) =>
      o.leadership.terms.filter((t) => t.basis !== 'log').map((t) => ({ ...t, peer: names.get(t.peer) ?? t.peer, channel: c.name })),
    ),
  );
  const same = (t: (typeof due)[number], s: (typeof said)[number]): boolean =>
    s.peer === t.peer &&
    (s.channel === null || s.channel === t.channel) &&
    // What began before the capture is seen from its begin on.
    (Math.abs(Date.parse(s.from) - Math.max(Date.parse(t.from), begin)) <= SAME_TERM_MILLIS ||
      (Date.parse(t.from) < begin && Date.parse(s.from) <= (t.toUntil === undefined ? end : Date.parse(t.toUntil))));
  const missed = due.filter((t) => !said.some((s) => same(t, s)));
  return {
    right: due.length - missed.length,
    missed: missed.map((t) => `${t.peer} from ${t.from}`),
    invented: said.filter((s) => !truth.leadership.some((t) => same(t, s))).map((s) => `${s.peer} from ${s.from} to ${s.to}`),
  };
}
