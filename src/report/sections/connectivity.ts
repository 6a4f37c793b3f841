import type { Analysis, BootstrapAttempt, Connection, PurposeTraffic, Suspicion } from '../../analysis/contract.js';
import { PURPOSE_WORDS, type PurposeSum, purposesOf, shareText } from '../../charts/traffic-by-purpose.js';
import { cite, cited, type Evidence, mergeEvidence } from '../evidence-notes.js';
import { breakableName, bytesText, clockOf, countText, nodeName } from '../format.js';
import { type Html, html } from '../html.js';
import { type Cell, table } from '../tables.js';
import { howToCapture, howToRecord, orUnknown, unknown, unknownNote, whyNoPackets } from '../unknown.js';
import type { Section } from './section.js';

const KIND_WORDS: Readonly<Record<Suspicion['kind'], string>> = {
  'not-responsive': 'is not responsive',
  silent: 'has not been heard from',
  expired: 'expired',
  'connection-failed': 'could not be connected to',
  'probe-failed': 'deep probe failed',
};

const OUTCOME_WORDS: Readonly<Record<BootstrapAttempt['outcome'], string>> = {
  connected: 'connected',
  unreachable: 'not reached',
  self: 'itself',
  unknown: 'unknown',
};

const MAX_NOTED = 20;

interface Repeated<T> {
  readonly first: T;
  readonly last: T;
  readonly count: number;
  readonly evidence: readonly Evidence[];
}

/** Equal happenings (by `key`) as one, with the first and last of them, in order of the first. */
function repeats<T extends { readonly at: string; readonly evidence: readonly Evidence[] }>(
  items: readonly T[],
  key: (item: T) => readonly unknown[],
): readonly Repeated<T>[] {
  const groups = new Map<string, T[]>();
  for (const item of [...items].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const name = JSON.stringify(key(item));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return [...groups.values()].map((group) => ({
    first: group[0] as T,
    last: group.at(-1) as T,
    count: group.length,
    evidence: mergeEvidence(group.slice(0, MAX_NOTED).map((i) => i.evidence)),
  }));
}

const whenColumns = [{ title: 'Times', numeric: true }, { title: 'First' }, { title: 'Last' }] as const;

function whenCells<T extends { readonly at: string; readonly evidence: readonly Evidence[] }>(
  analysis: Analysis,
  r: Repeated<T>,
): readonly (Cell | Html)[] {
  const clock = clockOf(analysis);
  return [
    { shows: cited(countText(r.count), r.evidence), sortValue: r.count },
    cited(clock(r.first.at), r.first.evidence),
    r.count === 1 ? html`–` : cited(clock(r.last.at), r.last.evidence),
  ];
}

function attemptsHtml(analysis: Analysis): Html {
  const attempts = analysis.gossip.bootstrapAttempts;
  if (attempts.length === 0) {
    return html`<p>No attempt to reach a bootstrap or anchor peer was read. Peers print only those that fail; success shows in the packets or in the views.</p>`;
  }
  return table({
    caption: 'Attempts to reach bootstrap and anchor peers',
    noun: 'kinds of attempt',
    columns: [{ title: 'Peer' }, { title: 'Wanted' }, { title: 'As' }, { title: 'Outcome' }, ...whenColumns, { title: 'Reason given' }],
    rows: repeats(attempts, (a) => [a.peer, a.target, a.kind, a.outcome]).map((r) => [
      nodeName(r.first.peer),
      html`${r.first.target}`,
      r.first.kind,
      r.first.outcome === 'unreachable' ? html`<b>${OUTCOME_WORDS.unreachable}</b>` : OUTCOME_WORDS[r.first.outcome],
      ...whenCells(analysis, r),
      r.first.reason ?? '–',
    ]),
  });
}

function suspicionsHtml(analysis: Analysis): Html {
  const { suspicions } = analysis.gossip;
  if (suspicions.length === 0) return html`<p>No peer suspected another in what was read.</p>`;
  return table({
    caption: 'Suspicions: one peer’s word about another',
    noun: 'suspicions',
    columns: [{ title: 'Observer' }, { title: 'says of' }, { title: 'that it' }, ...whenColumns, { title: 'Reason given' }],
    rows: repeats(suspicions, (s) => [s.observer, s.subject, s.kind]).map((r) => [
      nodeName(r.first.observer),
      nodeName(r.first.subject),
      KIND_WORDS[r.first.kind],
      ...whenCells(analysis, r),
      r.first.reason ?? '–',
    ]),
  });
}

function contactsHtml(analysis: Analysis): Html {
  const { contacts } = analysis.gossip;
  if (contacts.length === 0) return html``;
  return table({
    caption: 'Contacts that peers logged',
    noun: 'pairs',
    foldRows: 13,
    columns: [{ title: 'From' }, { title: 'To' }, { title: 'Kind' }, ...whenColumns],
    rows: repeats(contacts, (c) => [c.from, c.to, c.kind]).map((r) => [
      nodeName(r.first.from),
      nodeName(r.first.to),
      r.first.kind,
      ...whenCells(analysis, r),
    ]),
  });
}

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly connections: readonly Connection[];
}

function pairsOf(connections: readonly Connection[]): readonly Pair[] {
  const pairs = new Map<string, Connection[]>();
  for (const c of connections) {
    const key = JSON.stringify([c.from, c.to]);
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [c]);
    else known.push(c);
  }
  return [...pairs.values()].map((list) => ({ from: (list[0] as Connection).from, to: (list[0] as Connection).to, connections: list }));
}

const sum = (list: readonly Connection[], of: (c: Connection) => number): number => list.reduce((total, c) => total + of(c), 0);

function bytesCell(bytes: number, evidence: readonly Evidence[]): Cell {
  return { shows: cited(bytesText(bytes), evidence), sortValue: bytes };
}

function pairsTable(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const numeric = (title: string) => ({ title, numeric: true });
  const pairs = pairsOf(analysis.gossip.connections);
  const total = (p: Pair): number => sum(p.connections, (c) => c.bytes.there + c.bytes.back);
  return table({
    caption: 'Connections by pair, the one that opened them first',
    noun: 'pairs',
    columns: [
      { title: 'From' },
      { title: 'To' },
      numeric('Established'),
      numeric('Refused'),
      numeric('Unanswered'),
      numeric('Bytes there'),
      numeric('Bytes back'),
      { title: 'TLS' },
      { title: 'First opened' },
      { title: 'Last closed' },
    ],
    rows: [...pairs]
      .sort((a, b) => total(b) - total(a))
      .map((p) => {
        const evidence = mergeEvidence(p.connections.slice(0, MAX_NOTED).map((c) => c.evidence));
        const outcomes = (outcome: Connection['outcome']): Cell => {
          const count = p.connections.filter((c) => c.outcome === outcome).length;
          return { shows: outcome !== 'established' && count > 0 ? html`<b>${count}</b>` : html`${count}`, sortValue: count };
        };
        const opened = p.connections.map((c) => c.openedAt);
        const closed = p.connections.map((c) => c.closedAt);
        const firstOpened = opened.includes(null) ? html`before the capture` : clock([...opened].sort()[0] as string);
        const lastClosed = closed.includes(null) ? html`open at the end` : clock([...closed].sort().at(-1) as string);
        const tls = [...new Set(p.connections.map((c) => c.tls))].map((t) => t ?? 'unknown').sort();
        return [
          nodeName(p.from),
          nodeName(p.to),
          outcomes('established'),
          outcomes('refused'),
          outcomes('unanswered'),
          bytesCell(
            sum(p.connections, (c) => c.bytes.there),
            evidence,
          ),
          bytesCell(
            sum(p.connections, (c) => c.bytes.back),
            evidence,
          ),
          tls.join(', '),
          firstOpened,
          lastClosed,
        ];
      }),
  });
}

const pairKey = (a: string, b: string): string => JSON.stringify([a, b].sort());

function exchangeMatrix(analysis: Analysis): Html {
  const { connections } = analysis.gossip;
  const peers = analysis.nodes.filter((n) => n.kind === 'peer').map((n) => n.name);
  const silent = new Set(analysis.gossip.silentPairs.map((p) => pairKey(...p.peers)));
  const bytes = new Map<string, number>();
  for (const c of connections) {
    const key = pairKey(c.from, c.to);
    bytes.set(key, (bytes.get(key) ?? 0) + c.bytes.there + c.bytes.back);
  }
  const cellOf = (a: string, b: string): Cell => {
    if (a === b) return { shows: html`<span class="u">itself</span>`, className: 'self' };
    const exchanged = bytes.get(pairKey(a, b));
    if (exchanged !== undefined)
      return exchanged === 0 ? { shows: html`<b>0 B</b>`, className: 'never', sortValue: 0 } : { shows: bytesText(exchanged), sortValue: exchanged };
    if (silent.has(pairKey(a, b))) return { shows: html`<b>nothing</b>`, className: 'never', sortValue: 0 };
    return { shows: html`<span class="u">no connection read</span>`, className: 'unseen' };
  };
  if (peers.length < 2) return html``;
  return html`${table({
    caption: 'Bytes each pair of peers exchanged, both directions',
    noun: 'peers',
    className: 'matrix',
    foldRows: 40,
    columns: [{ title: 'Peer' }, ...peers.map((p) => ({ title: breakableName(p), numeric: true }))],
    rows: peers.map((a) => [nodeName(a), ...peers.map((b) => cellOf(a, b))]),
  })}<p class="s">“Nothing”: a capture covered both for the time given below, and they exchanged nothing. “No connection read” claims nothing: no capture is known to have covered
the way between the two.</p>`;
}

function silentPairsHtml(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const { silentPairs } = analysis.gossip;
  if (silentPairs.length === 0) return html``;
  return table({
    caption: 'Pairs of peers that exchanged nothing while a capture covered both',
    noun: 'pairs',
    columns: [{ title: 'Peer' }, { title: 'Peer' }, { title: 'From' }, { title: 'To' }, { title: 'Capture covers both' }],
    rows: silentPairs.map((p) => [
      nodeName(p.peers[0]),
      nodeName(p.peers[1]),
      clock(p.from),
      clock(p.to),
      html`${[...new Set(p.evidence.map((e) => e.source))].join(', ')}${cite(p.evidence)}`,
    ]),
  });
}

function packetSentences(analysis: Analysis): Html {
  const told = analysis.walkthrough.filter((s) => s.topic === 'packets').slice(0, MAX_NOTED);
  return told.length === 0 ? html`` : html`<ul>${told.map((s) => html`<li>${s.text}${cite(s.evidence)}</li>`)}</ul>`;
}

function trafficHtml(analysis: Analysis): Html {
  const traffic = analysis.gossip.traffic ?? [];
  const sums = purposesOf(analysis);
  if (sums.length === 0) return html``;
  const whole = sums.reduce((total, s) => total + s.bytes, 0);
  const messages = sums.reduce((total, s) => total + s.messages, 0);
  const numeric = (title: string) => ({ title, numeric: true });
  const count = (value: number): Cell => ({ shows: countText(value), sortValue: value });
  const bytes = (value: number): Cell => ({ shows: bytesText(value), sortValue: value });
  const bases = new Set(traffic.map((t) => t.basis));
  const known = bases.has('packets')
    ? `What an encrypted message was for is concluded from its size, its direction and its time${bases.has('plaintext') ? '; what was not encrypted was read' : ''}.`
    : 'The messages were not encrypted, and were read.';
  return html`<p>${known} Bytes are the application’s, without those of TLS, TCP and IP.</p>${table({
    caption: 'Traffic by purpose',
    noun: 'purposes',
    columns: [{ title: 'Purpose' }, numeric('Bytes'), numeric('Share'), numeric('Messages'), numeric('Bytes per message')],
    rows: [
      ...sums.map((s) => [
        html`${PURPOSE_WORDS[s.purpose]}`,
        bytes(s.bytes),
        { shows: shareText(s.bytes, whole), sortValue: s.bytes },
        count(s.messages),
        s.messages === 0 ? html`–` : bytes(Math.round(s.bytes / s.messages)),
      ]),
      ...(sums.length > 1 ? [[html`<b>all</b>`, bytes(whole), html`100 %`, count(messages), bytes(Math.round(whole / Math.max(1, messages)))]] : []),
    ],
  })}${trafficOfPairs(traffic, sums)}`;
}

/** One row for each pair of nodes, in the direction of the bytes, and a column for each purpose. */
function trafficOfPairs(traffic: readonly PurposeTraffic[], sums: readonly PurposeSum[]): Html {
  const pairs = new Map<string, { readonly from: string; readonly to: string; readonly items: PurposeTraffic[] }>();
  for (const item of traffic) {
    const key = JSON.stringify([item.from, item.to]);
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, { from: item.from, to: item.to, items: [item] });
    else known.items.push(item);
  }
  const totalOf = (items: readonly PurposeTraffic[]): number => items.reduce((total, i) => total + i.bytes, 0);
  const cellOf = (items: readonly PurposeTraffic[]): Cell => {
    const bytes = totalOf(items);
    return items.length === 0 ? { shows: '–', sortValue: 0 } : { shows: bytesText(bytes), sortValue: bytes };
  };
  return table({
    caption: 'Bytes by purpose, from each node to each',
    noun: 'pairs',
    foldRows: 1,
    columns: [
      { title: 'From' },
      { title: 'To' },
      { title: 'All', numeric: true },
      ...sums.map((s) => ({ title: PURPOSE_WORDS[s.purpose], numeric: true })),
    ],
    rows: [...pairs.values()]
      .sort((a, b) => totalOf(b.items) - totalOf(a.items) || (a.from < b.from ? -1 : a.from > b.from ? 1 : a.to < b.to ? -1 : 1))
      .map(({ from, to, items }) => [
        nodeName(from),
        nodeName(to),
        cellOf(items),
        ...sums.map((s) => cellOf(items.filter((i) => i.purpose === s.purpose))),
      ]),
  });
}

function connectionsHtml(analysis: Analysis, charts: Html): Html {
  if (analysis.gossip.connections.length === 0 && analysis.gossip.silentPairs.length === 0) {
    const captures = analysis.sources.some((s) => s.kind === 'packets');
    return unknownNote(
      'which nodes were connected and how much they exchanged',
      captures ? 'The captures hold no TCP connection between known nodes.' : whyNoPackets(analysis, 'No packet capture was read.'),
      howToCapture(analysis),
    );
  }
  return html`${packetSentences(analysis)}${charts}${trafficHtml(analysis)}${exchangeMatrix(analysis)}${silentPairsHtml(analysis)}${analysis.gossip.connections.length === 0 ? html`` : pairsTable(analysis)}`;
}

function deliverHtml(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const streams = analysis.ordering.deliverStreams;
  const heading = html`<h3>To whom the ordering service delivers</h3>`;
  if (streams.length === 0) {
    return html`${heading}${unknownNote('to which peers the ordering service delivers blocks', 'No deliver stream was read from a log or a capture.', html`${howToRecord.gossipLogs}; or ${howToCapture(analysis)}`)}`;
  }
  return html`${heading}${table({
    caption: 'Deliver streams from the ordering service',
    noun: 'streams',
    columns: [
      { title: 'Peer' },
      { title: 'Orderer' },
      { title: 'Channel' },
      { title: 'Opened' },
      { title: 'Closed' },
      { title: 'Blocks', numeric: true },
      { title: 'Known from' },
    ],
    rows: streams.map((s) => [
      nodeName(s.peer),
      orUnknown(s.orderer, nodeName),
      orUnknown(s.channel, (c) => c),
      orUnknown(s.openedAt, (at) => cited(clock(at), s.evidence)),
      s.closedAt === null ? 'no end read' : cited(clock(s.closedAt), s.evidence),
      s.blocks === null ? unknown : { shows: cited(countText(s.blocks), s.evidence), sortValue: s.blocks },
      s.basis,
    ]),
  })}`;
}

/** Whom peers tried to reach, suspected and talked to, and to whom the orderers deliver. */
export const connectivitySection: Section = {
  id: 'connectivity',
  title: 'Connectivity',
  render: (analysis, charts) => html`<h3>Bootstrap and anchor peers</h3>${attemptsHtml(analysis)}
<h3>Suspicions</h3>${suspicionsHtml(analysis)}
<h3>Connections</h3>${connectionsHtml(analysis, charts)}${contactsHtml(analysis)}
${deliverHtml(analysis)}`,
};
