import type { Analysis, Channel, Finding, Node, Organization } from '../../analysis/contract.js';
import { termsByBasis } from '../../charts/leader-terms.js';
import { type BlindSpan, blindSpansOf } from '../blindness.js';
import { cite, cited, mergeEvidence } from '../evidence-notes.js';
import { channelName, clockOf, countOf, daysOf, durationText, microsBetween, nodeName, nodeNames, organizationName } from '../format.js';
import { type Html, html, join } from '../html.js';
import { slownessOf } from '../slowness.js';
import { unknown } from '../unknown.js';
import { blockNumber, isNumbered, spanText, stagesText } from './block-wording.js';
import { leadershipSummary } from './leaders.js';

const MAX_BLIND_SPANS = 4;
const MAX_NAMED = 3;

interface Verdict {
  readonly tone: 'fault' | 'warning' | 'look' | 'clear' | 'open';
  readonly text: Html;
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

const totalMicros = (spans: readonly { readonly from: string; readonly to: string | null }[], end: string | null): number =>
  spans.reduce((sum, s) => sum + (microsBetween(s.from, s.to ?? end) ?? 0), 0);

/** What the reconstruction itself shows that an operator would want to look at, whether or not a check judged it. */
function concernsOf(analysis: Analysis): readonly Html[] {
  const end = analysis.window.to;
  return analysis.channels.flatMap((channel) => {
    const leadership = channel.organizations.flatMap((o) => {
      const { overlaps, leaderless } = o.leadership;
      const name = html`${organizationName(o)} on ${channelName(channel)}`;
      return [
        ...(overlaps.length === 0 ? [] : [html`${name} had several leaders at once (${durationText(totalMicros(overlaps, end))})`]),
        ...(leaderless.length === 0 ? [] : [html`${name} had no leader for ${durationText(totalMicros(leaderless, end))}`]),
      ];
    });
    const unexplained = blindSpansOf(channel, analysis.nodes, end).filter((s) => s.subjectsStoppedAt === null);
    const unseen = unexplained.filter((s) => s.until === null).length;
    const lost = unexplained.filter((s) => s.until !== null && s.since === 'lost').length;
    return [
      ...leadership,
      ...(unseen === 0 ? [] : [html`${countOf(unseen, 'view')} on ${channelName(channel)} lacked a peer to the end`]),
      ...(lost === 0 ? [] : [html`${countOf(lost, 'view')} on ${channelName(channel)} lost a peer for a while`]),
    ];
  });
}

/** What the whole comes to: faults first, then warnings, then what the reconstruction shows beside them, what is clear, and what could not be decided. */
export function verdictOf(analysis: Analysis): Verdict {
  const { findings } = analysis;
  const found = findings.filter((f) => f.verdict === 'found');
  const faults = found.filter((f) => f.severity === 'fault');
  const warnings = found.filter((f) => f.severity === 'warning');
  const clear = findings.filter((f) => f.verdict === 'clear').length;
  const undecided = findings.filter((f) => f.verdict === 'insufficient-evidence' || f.verdict === 'errored').length;
  const open = undecided === 0 ? '' : ` ${countOf(undecided, 'question')} could not be decided from what was read.`;
  const titles = (list: readonly Finding[]): Html => join([...new Set(list.map((f) => f.title))].slice(0, MAX_NAMED), '; ');
  const concerns = concernsOf(analysis);
  const moreConcerns = concerns.length > MAX_NAMED ? `; and ${concerns.length - MAX_NAMED} more` : '';
  const look = concerns.length === 0 ? html`` : html` To look at: ${join(concerns.slice(0, MAX_NAMED), '; ')}${moreConcerns}.`;
  const more = warnings.length === 0 ? '' : ` Also ${countOf(warnings.length, 'warning')}.`;
  if (faults.length > 0) return { tone: 'fault', text: html`${countOf(faults.length, 'fault')} found: ${titles(faults)}.${more}${open}${look}` };
  if (warnings.length > 0)
    return { tone: 'warning', text: html`No fault found; ${countOf(warnings.length, 'warning')}: ${titles(warnings)}.${open}${look}` };
  const checked = clear === 0 ? html`No check could give a verdict on what was read.` : html`No fault found in ${countOf(clear, 'check')}.`;
  if (concerns.length > 0) return { tone: 'look', text: html`${checked}${open}${look}` };
  return { tone: clear > 0 ? 'clear' : 'open', text: html`${checked}${open}` };
}

function organizationsOf(analysis: Analysis): Html {
  const byName = new Map<string, readonly string[]>();
  const nameless: Organization[] = [];
  for (const organization of analysis.channels.flatMap((c) => c.organizations)) {
    if (organization.mspId === null) nameless.push(organization);
    else byName.set(organization.mspId, unique([...(byName.get(organization.mspId) ?? []), ...organization.peers]));
  }
  for (const node of analysis.nodes) {
    if (node.kind === 'peer' && node.mspId !== null) byName.set(node.mspId, unique([...(byName.get(node.mspId) ?? []), node.name]));
  }
  const items = [
    ...[...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, peers]) => html`<li><b>${name}</b>: ${nodeNames(peers)}</li>`),
    ...nameless.map((o) => html`<li>${organizationName(o)}</li>`),
  ];
  return items.length === 0 ? unknown : html`<ul>${items}</ul>`;
}

function versionsOf(nodes: readonly Node[]): Html {
  const byVersion = new Map<string, Map<Node['kind'], number>>();
  for (const node of nodes.filter((n) => n.kind !== 'client')) {
    const version = node.fabricVersion ?? 'unknown version';
    const kinds = byVersion.get(version) ?? new Map<Node['kind'], number>();
    byVersion.set(version, kinds.set(node.kind, (kinds.get(node.kind) ?? 0) + 1));
  }
  if (byVersion.size === 0) return unknown;
  return join(
    [...byVersion]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([version, kinds]) => `${version} (${[...kinds].map(([kind, count]) => countOf(count, kind)).join(', ')})`),
    '; ',
  );
}

function channelFact(channel: Channel): Html {
  const numbers = channel.blocks.filter(isNumbered).map((b) => b.number);
  const [first, last] = [numbers[0], numbers.at(-1)];
  const numbered = first === undefined || last === undefined ? '' : first === last ? `, number ${first}` : `, numbers ${first} to ${last}`;
  return html`<li><b>${channelName(channel)}</b>: ${countOf(channel.peers.length, 'peer')}, ${countOf(channel.blocks.length, 'block')}${numbered}</li>`;
}

function facts(analysis: Analysis): Html {
  const clock = clockOf(analysis);
  const { from, to } = analysis.window;
  const days = daysOf(analysis);
  const length = microsBetween(from, to);
  const peers = analysis.nodes.filter((n) => n.kind === 'peer').map((n) => n.name);
  const placed = new Set(analysis.channels.flatMap((c) => c.organizations.flatMap((o) => o.peers)));
  const strays = analysis.nodes.filter((n) => n.kind === 'peer' && n.mspId === null && !placed.has(n.name)).map((n) => n.name);
  const orderers = analysis.nodes.filter((n) => n.kind === 'orderer').map((n) => n.name);
  const logs = analysis.sources.filter((s) => s.kind === 'log').length;
  const captures = analysis.sources.filter((s) => s.kind === 'packets').length;
  const unreadable = analysis.sources.filter((s) => s.kind === 'unreadable').length;
  const oddities = analysis.oddities.reduce((sum, o) => sum + o.count, 0);
  const window =
    from === null || to === null || days === null
      ? unknown
      : html`${days}, ${clock(from)} to ${clock(to)} UTC${length === null ? '' : ` (${durationText(length)})`}`;
  return html`<dl class="facts">
<dt>Recorded</dt><dd>${window}</dd>
<dt>Organizations</dt><dd>${organizationsOf(analysis)}</dd>
<dt>Peers</dt><dd>${peers.length === 0 ? unknown : peers.length}${strays.length === 0 ? html`` : html`, of unknown organization: ${nodeNames(strays)}`}</dd>
<dt>Orderers</dt><dd>${orderers.length === 0 ? html`${unknown}, none named in what was read` : html`${orderers.length}: ${nodeNames(orderers)}`}</dd>
<dt>Channels</dt><dd>${analysis.channels.length === 0 ? unknown : html`<ul>${analysis.channels.map(channelFact)}</ul>`}</dd>
<dt>Fabric</dt><dd>${versionsOf(analysis.nodes)}</dd>
<dt>Read</dt><dd><a href="#sources">${countOf(logs, 'log')}, ${countOf(captures, 'capture')}${unreadable > 0 ? `, ${countOf(unreadable, 'file')} unreadable` : ''}${oddities > 0 ? `; ${countOf(oddities, 'oddity', 'oddities')}` : ''}</a></dd>
</dl>`;
}

/** Who did not see whom in one clause: `peer1 did not see peer0 until 10:36:21.680`. */
export function blindClause(span: BlindSpan, clock: (at: string) => Html): Html {
  const until = span.until === null ? html`<b>not seen by the end</b>` : html`until ${cited(clock(span.until), span.evidence)}`;
  const lost = span.since === 'lost' && span.from !== null ? html` (lost at ${cited(clock(span.from), span.evidence)})` : html``;
  const stopped = span.subjectsStoppedAt === null ? html`` : html` (stopped at ${clock(span.subjectsStoppedAt)})`;
  return html`${nodeName(span.observer)} did not see ${nodeNames(span.subjects)}${stopped}${lost} ${until}${span.until === null || span.micros === null ? '' : `, for ${durationText(span.micros)}`}`;
}

function viewsAnswer(analysis: Analysis, channel: Channel): Html {
  const clock = clockOf(analysis);
  const { membership } = channel;
  if (membership.basis === null) return html`<li><b>${channelName(channel)}</b>: ${unknown}; no membership views in these sources</li>`;
  const spans = blindSpansOf(channel, analysis.nodes, analysis.window.to);
  const first = spans.slice(0, MAX_BLIND_SPANS);
  const converged =
    membership.convergedAt === null
      ? html`at no moment did every peer see every other`
      : html`every peer first saw every other at ${clock(membership.convergedAt)}`;
  const more = spans.length > first.length ? html`<li><a href="#membership">and ${spans.length - first.length} more</a></li>` : html``;
  return html`<li><b>${channelName(channel)}</b>: ${converged}. ${first.length === 0 ? '' : 'Until then, or later again:'}<ul>${first.map((s) => html`<li>${blindClause(s, clock)}</li>`)}${more}</ul></li>`;
}

function slowestAnswer(analysis: Analysis, channel: Channel): Html {
  const [slowest] = slownessOf(channel, analysis.nodes).live;
  if (slowest === undefined) return html`<li><b>${channelName(channel)}</b>: ${unknown}; no times of a block from 1 on in these sources</li>`;
  const { block, copy } = slowest;
  return html`<li><b>${channelName(channel)}</b>: block ${blockNumber(block)} at ${nodeName(copy.peer)}, ${cited(durationText(slowest.totalMicros), copy.evidence)} ${spanText(slowest)}: ${stagesText(slowest)}</li>`;
}

function leadersAnswer(analysis: Analysis, channel: Channel): readonly Html[] {
  return channel.organizations.map((o) => {
    const evidence = mergeEvidence(termsByBasis(o.leadership).leading.map((t) => t.evidence));
    return html`<li><b>${organizationName(o)}</b> on ${channelName(channel)}: ${leadershipSummary(analysis, o)}${cite(evidence)}</li>`;
  });
}

function answers(analysis: Analysis): Html {
  const { channels } = analysis;
  const none = html`<li>${unknown}; no channel in these sources</li>`;
  const leaders = channels.flatMap((c) => leadersAnswer(analysis, c));
  return html`<div class="answers">
<h2><a href="#leaders">Who led</a></h2><ul>${leaders.length === 0 ? html`<li>${unknown}; no organization's peers on a channel in these sources</li>` : leaders}</ul>
<h2><a href="#membership">Who did not see whom</a></h2><ul>${channels.length === 0 ? none : channels.map((c) => viewsAnswer(analysis, c))}</ul>
<h2><a href="#blocks">Slowest block</a></h2><ul>${channels.length === 0 ? none : channels.map((c) => slowestAnswer(analysis, c))}</ul>
</div>`;
}

/** The head of the document: which network this is, the verdict, and the three answers an operator comes for. */
export function renderOverview(analysis: Analysis): Html {
  const verdict = verdictOf(analysis);
  const days = daysOf(analysis);
  const word = { fault: 'Fault', warning: 'Warning', look: 'Look', clear: 'Clear', open: 'Undecided' }[verdict.tone];
  return html`<header id="overview"><h1>Gossip in a Fabric network${days === null ? '' : `, ${days}`}</h1>
<p class="verdict ${verdict.tone}"><b class="tag">${word}</b> ${verdict.text} <a href="#findings">Findings</a></p>
${facts(analysis)}
${answers(analysis)}
<p class="s">All times are UTC${days === null ? '' : `, on ${analysis.window.from?.slice(0, 10) ?? ''} unless another date is written`}, as each source stamped them; no clock was corrected.
<a class="e" href="#evidence">Dotted</a> values and small numbers open the log lines or frames that say so.</p></header>`;
}
