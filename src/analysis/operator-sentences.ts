import { mergeEvidence } from '../events/evidence.js';
import type { DeedFollower, Disconnection, Node, OperatorDeed, Sentence, Span } from './contract.js';
import { clockOf, countOf, durationOf, listOf, microsOf } from './phrases.js';

/** A command is told this long, a note a little longer; the whole stands in the evidence. */
const MAX_COMMAND_LENGTH = 160;
const MAX_MARK_LENGTH = 300;
/** A command that is run so often in one container is a load, a loop or a health check, told once. */
const REPEATED_RUNS = 5;
const MAX_EVIDENCE = 8;

/** What the operator did, each command with what it caused or what followed it, in the words of its own. */
export function tellDeeds(deeds: readonly OperatorDeed[]): readonly Sentence[] {
  const repeated = new Map<string, OperatorDeed[]>();
  for (const deed of deeds) {
    const key = repetitionKeyOf(deed);
    if (key === null) continue;
    const known = repeated.get(key);
    if (known === undefined) repeated.set(key, [deed]);
    else known.push(deed);
  }
  return deeds.flatMap((deed) => {
    if (deed.kind === 'mark') return [tellMark(deed)];
    const runs = repeated.get(repetitionKeyOf(deed) ?? '') ?? [];
    if (runs.length < REPEATED_RUNS) return [tellCommand(deed)];
    return runs[0] === deed ? [tellRepeated(deed, runs)] : [];
  });
}

/** Equal for runs that are told as one: of a Fabric tool the same action, such as many invokes; null for what is always told by itself. */
function repetitionKeyOf(deed: OperatorDeed): string | null {
  if (deed.kind !== 'command' || deed.actions.some((a) => WITH_EFFECT.test(a) || a === 'script')) return null;
  return `${deed.container}\n${deed.actions.length > 0 ? deed.actions.join('\n') : deed.text}`;
}

/** How to reach a node over TLS is the longest part of a command and says nothing of what it does. The whole stands in the evidence. */
const CONNECTION_FLAGS =
  / --(?:tls(?:[ =](?:true|false|"?\$\w+"?))?|clientauth|(?:cafile|certfile|keyfile|tlsRootCertFiles|ordererTLSHostnameOverride|connTimeout)[ =]\S+)(?= |$)/g;

/** A command as it is told: on one line, without the flags of its connection, not too long. */
export const sayCommand = (text: string): string => shorten(text.replace(/\s+/g, ' ').replaceAll(CONNECTION_FLAGS, ''), MAX_COMMAND_LENGTH);

/** `text` on one line, no longer than `longest`. */
function shorten(text: string, longest: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

const operatorSentence = (deed: OperatorDeed, text: string, nodes: readonly string[], evidence: Sentence['evidence']): Sentence => ({
  at: deed.at,
  topic: 'operator',
  text,
  nodes: [...new Set(nodes)].sort(),
  channel: deed.channel,
  evidence: evidence.slice(0, MAX_EVIDENCE),
});

const tellMark = (deed: OperatorDeed): Sentence =>
  operatorSentence(deed, `The operator noted: “${shorten(deed.text, MAX_MARK_LENGTH)}”.`, [], deed.evidence);

function tellRepeated(deed: OperatorDeed, runs: readonly OperatorDeed[]): Sentence {
  const last = runs.at(-1) ?? deed;
  const failed = runs.filter((r) => r.exitCode !== null && r.exitCode !== 0).length;
  const failures = failed === 0 ? '' : `, ${countOf(failed, 'time')} without success`;
  return operatorSentence(
    deed,
    `In ${deed.container} “${deed.actions.length > 0 ? deed.actions.join(', ') : sayCommand(deed.text)}” ran ${runs.length} times until ${clockOf(last.at)}${failures}${blocksAfter(runs)}.`,
    [],
    mergeEvidence(deed.evidence, last.evidence),
  );
}

/** The blocks that came after each of many runs: `, meanwhile blocks 5–20 of mychannel came`. */
function blocksAfter(runs: readonly OperatorDeed[]): string {
  const byChannel = new Map<string, number[]>();
  for (const { channel, block } of runs.flatMap((r) => r.followedBy))
    if (channel !== null && block !== null) byChannel.set(channel, [...(byChannel.get(channel) ?? []), block]);
  const said = [...byChannel].map(([channel, blocks]) => {
    const [first, last] = [Math.min(...blocks), Math.max(...blocks)];
    return first === last ? `block ${first} of ${channel}` : `blocks ${first}–${last} of ${channel}`;
  });
  return said.length === 0 ? '' : `; meanwhile ${listOf(said)} came`;
}

/** Commands whose effect other logs would show, where they do. */
const WITH_EFFECT = /^(?:peer channel (?:create|join|joinbysnapshot|update)|osnadmin channel join)$/;

function tellCommand(deed: OperatorDeed): Sentence {
  const took = deed.endedAt === null ? null : microsOf(deed.endedAt) - microsOf(deed.at);
  const failed = deed.exitCode !== null && deed.exitCode !== 0 ? ` (exit code ${deed.exitCode})` : '';
  const head = `In ${deed.container} the operator ran “${sayCommand(deed.text)}”${failed}`;
  const nodes = [...(deed.node === null ? [] : [deed.node]), ...deed.followedBy.flatMap((f) => f.nodes)];
  const evidence = mergeEvidence(deed.evidence, ...deed.followedBy.map((f) => f.evidence.slice(0, 1)));
  return operatorSentence(deed, `${head}${outcomeOf(deed, took)}.`, nodes, evidence);
}

function outcomeOf(deed: OperatorDeed, took: number | null): string {
  if (deed.followedBy.length === 0) {
    const silent = deed.exitCode === null || deed.exitCode === 0 ? deed.actions.some((a) => WITH_EFFECT.test(a)) : false;
    return silent ? '; nothing that was read shows what came of it' : '';
  }
  // Several commands, a script, or a program that is not known: what is known is only that it happened meanwhile.
  if (deed.actions.length !== 1 || deed.actions.includes('script')) {
    const ended = deed.endedAt;
    const during = deed.followedBy.filter((f) => ended === null || f.at <= ended);
    const soon = deed.followedBy.filter((f) => !during.includes(f));
    return [
      ...(during.length === 0 ? [] : [`. While it ran${took === null ? '' : ` (${durationOf(took)})`}: ${during.map((f) => f.text).join('; ')}`]),
      ...(soon.length === 0
        ? []
        : [
            `. ${during.length === 0 ? `Right after it, which took ${durationOf(took ?? 0)}` : 'Right after it'}: ${soon.map((f) => f.text).join('; ')}`,
          ]),
    ].join('');
  }
  const named = deed.followedBy.filter((f) => f.link === 'named');
  const later = deed.followedBy.filter((f) => f.link === 'time');
  const cause = named.length === 0 ? '' : `: ${listOf(named.map(sayFollower))}`;
  const after = later.length === 0 ? '' : `${named.length === 0 ? ', followed by' : '; that was followed by'} ${listOf(later.map(sayLater))}`;
  const inferred = deed.nodeBasis === 'followed' ? ' (which peer the command went to is inferred from that)' : '';
  return `${cause}${after}${inferred}`;
}

/** What the command names: `configuration block 1 of mychannel came 25 ms later`. */
const sayFollower = (f: DeedFollower): string =>
  `${f.text}${f.kind === 'configuration-block' || f.kind === 'block' ? ' came' : ''} ${durationOf(f.afterMicros)} later`;

/** What only came later: `the join of peer0 to mychannel 2.0 s later`. */
function sayLater(f: DeedFollower): string {
  const after = `${durationOf(f.afterMicros)} later`;
  const channel = f.channel ?? 'a channel';
  if (f.kind === 'view-changed') return f.count === 1 ? `one changed view ${after}` : `${f.count} changed views, the first ${after}`;
  if (f.kind === 'joined') return `the join of ${listOf(f.nodes)} to ${channel} ${after}`;
  if (f.kind === 'channel-created') return `the creation of ${channel} ${after}`;
  return f.kind === 'anchor-learned' ? `the moment ${after} when ${f.text}` : `${f.text} ${after}`;
}

/** Pauses of containers and their absences from networks, by Docker's events. */
export function tellInterruptions(nodes: readonly Node[]): readonly Sentence[] {
  return nodes.flatMap((node) => {
    const sentenceOf = (span: Span, what: string): Sentence => ({
      at: span.from,
      topic: 'container',
      text: `${node.name} was ${what} ${spanOf(span)} (Docker).`,
      nodes: [node.name],
      channel: null,
      evidence: span.evidence.slice(0, MAX_EVIDENCE),
    });
    return [
      ...(node.pauses ?? []).map((p) => sentenceOf(p, 'paused')),
      ...(node.disconnections ?? []).map((d) => sentenceOf(d, `disconnected from network ${d.network}`)),
    ];
  });
}

const spanOf = (span: Span): string =>
  span.to === null
    ? `from ${clockOf(span.from)} to the end of the recording`
    : `from ${clockOf(span.from)} to ${clockOf(span.to)}, for ${durationOf(microsOf(span.to) - microsOf(span.from))}`;

/** A member that was away is declared dead up to this much later: `peer.gossip.aliveExpirationTimeout`, 25 s by default (sampleconfig/core.yaml). */
const EXPIRY_MICROS = 25_000_000;
const MAX_MENTIONED = 3;

/** `; peer1 was paused from … to … (Docker)` for every one of `names` whose container stood still or was off a network when others lost it, else nothing. */
export function interruptionsAround(nodes: readonly Node[], names: readonly string[], from: string, to: string): string {
  const around = (s: Span): boolean => microsOf(s.from) <= microsOf(to) && (s.to === null || microsOf(s.to) + EXPIRY_MICROS >= microsOf(from));
  const mentions = nodes
    .filter((n) => names.includes(n.name))
    .flatMap((n) => [
      ...(n.pauses ?? []).filter(around).map((p) => `${n.name} was paused ${spanOf(p)}`),
      ...(n.disconnections ?? []).filter(around).map((d: Disconnection) => `${n.name} was disconnected from network ${d.network} ${spanOf(d)}`),
    ])
    .slice(0, MAX_MENTIONED);
  return mentions.length === 0 ? '' : `; ${mentions.join('; ')} (Docker)`;
}
