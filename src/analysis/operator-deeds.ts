import type { BodyOf, TimelineEvent } from '../events/event.js';
import { type Evidence, mergeEvidence } from '../events/evidence.js';
import { formatInstant, instantOfMicros } from '../events/instant.js';
import type { Directory, NodeIdentity } from '../topology/directory.js';
import { hostOf } from '../topology/endpoint.js';
import { type OperatorCommand, readCommandLine } from '../topology/operator-command.js';
import type { Analysis, Channel, DeedFollower, OperatorDeed } from './contract.js';
import { countOf, listOf, microsOf, rangesOf, someOf } from './phrases.js';

/** What deeds are told from. */
export interface DeedContext extends Pick<Analysis, 'channels' | 'nodes'> {
  readonly events: readonly TimelineEvent[];
}

/** Something the network did that a deed may have caused. */
interface Effect extends Omit<DeedFollower, 'afterMicros' | 'link'> {
  readonly atMicros: number;
}

/** A command's effect shows at the peers this long after it ended, at most; also how long one runs whose end is not known. */
const AFTERMATH_MICROS = 10_000_000;
const UNKNOWN_RUN_MICROS = 30_000_000;
/** A transaction that a script submitted at its end is in a block after BatchTimeout at most, 2 s by default (sampleconfig/configtx.yaml), and at the peers soon after. */
const SCRIPT_AFTERMATH_MICROS = 3_000_000;
/** The log's stamps and the engine's own are of one host's clock; a command is stamped just before it begins. */
const CLOCK_STEP_MICROS = 5_000;
/** Views are compared every five seconds by default, and a message takes a round or two. */
const VIEW_MICROS = 30_000_000;
/** More than people do by hand; the rest is counted as an oddity. */
export const MAX_DEEDS = 5_000;
/** What of one deed is looked at and told. */
const MAX_EFFECTS = 5_000;
const MAX_FOLLOWERS = 12;
const MAX_PLACES = 3;

/** How many of these events are deeds. */
export function countDeeds(events: readonly TimelineEvent[]): number {
  return events.filter(({ body }) => body.kind === 'operator.command' || body.kind === 'operator.mark').length;
}

/**
 * The operator's commands and notes in order of time, at most {@link MAX_DEEDS}, each command with what it was meant for and what followed. A link is `named` only where the command
 * names what followed: its channel, and the block or configuration that came of it.
 */
export function describeDeeds(context: DeedContext, directory: Directory): readonly OperatorDeed[] {
  const effects = effectsOf(context);
  const runs: Run[] = [];
  for (const { body, at, evidence } of context.events) {
    if (runs.length >= MAX_DEEDS) break;
    if (body.kind === 'operator.command') runs.push(runOf(body, at, evidence, context, directory));
    else if (body.kind === 'operator.mark') runs.push(markOf(body.text, at, evidence));
  }
  const claimed = new Set<Effect>();
  return runs.map((run) => {
    const followers = run.command === null ? NOTHING : followersOf(run, effects, runs, claimed);
    return describe(run, followers);
  });
}

interface Run {
  readonly at: number;
  /** Null: not known, or a mark. */
  readonly endedAt: number | null;
  readonly text: string;
  readonly command: BodyOf<'operator.command'> | null;
  readonly parts: readonly OperatorCommand[];
  /** It ran in a command-line container, and what it does cannot be told from its words: a program of the user's, a shell that somebody typed into. */
  readonly isOpaque: boolean;
  /** The peer each part is meant for unless what followed says otherwise. */
  readonly target: { readonly node: string; readonly basis: 'command' | 'container' | 'environment' } | null;
  readonly evidence: readonly Evidence[];
}

function runOf(body: BodyOf<'operator.command'>, at: number, evidence: readonly Evidence[], context: DeedContext, directory: Directory): Run {
  const parts = readCommandLine(body.command);
  return {
    at,
    endedAt: body.durationMicros === null ? null : at + body.durationMicros,
    text: body.command,
    command: body,
    parts,
    isOpaque: parts.length === 0 && !ONLY_LOOKS.test(body.command) && isCommandLine(body, directory),
    target: targetOf(body, parts, context, directory),
    evidence,
  };
}

const markOf = (text: string, at: number, evidence: readonly Evidence[]): Run => ({
  at,
  endedAt: null,
  text,
  command: null,
  parts: [],
  isOpaque: false,
  target: null,
  evidence,
});

/** Commands that change nothing of the network. */
const ONLY_LOOKS =
  /^(?:\S*\/)?(?:awk|cat|chmod|chown|cp|date|df|du|echo|env|find|grep|head|hostname|id|jq|ls|mkdir|mv|printenv|ps|pwd|rm|sed|sleep|stat|tail|tar|test|touch|true|uname|wc|which|whoami)(?:\s|$)/;

function isCommandLine(body: BodyOf<'operator.command'>, directory: Directory): boolean {
  const name = (body.containerId === null ? null : directory.nodeOfContainer(body.containerId)) ?? directory.nodeOfHost(body.container);
  return name !== null && directory.nodes.get(name)?.container?.purpose === 'command-line';
}

/** Where `peer` goes: to CORE_PEER_ADDRESS of the command line, else of the container, which is the peer itself where it runs in a peer's. */
function targetOf(body: BodyOf<'operator.command'>, parts: readonly OperatorCommand[], context: DeedContext, directory: Directory): Run['target'] {
  const isPeer = (name: string): boolean => context.nodes.some((n) => n.name === name && n.kind === 'peer');
  const nodeAt = (endpoint: string): string | null => directory.nodeOfEndpoint(endpoint) ?? directory.nodeOfHost(hostOf(endpoint));
  if (!parts.some((p) => p.action.startsWith('peer '))) return null;
  const addresses = [...new Set(parts.map((p) => p.peerAddress).filter((a) => a !== null))];
  const [address] = addresses;
  if (address !== undefined) {
    const node = addresses.length === 1 ? nodeAt(address) : null;
    return node === null ? null : { node, basis: 'command' };
  }
  const name = (body.containerId === null ? null : directory.nodeOfContainer(body.containerId)) ?? directory.nodeOfHost(body.container);
  if (name === null) return null;
  if (isPeer(name)) return { node: name, basis: 'container' };
  const identity: NodeIdentity | undefined = directory.nodes.get(name);
  const inForce = identity?.container?.environment['CORE_PEER_ADDRESS'];
  const node = inForce === undefined ? null : nodeAt(inForce);
  return node === null ? null : { node, basis: 'environment' };
}

/** Everything that may be a deed's effect, in order of time. */
function effectsOf(context: DeedContext): readonly Effect[] {
  const created = new Map<string, Effect>();
  for (const event of context.events) {
    if (event.body.kind !== 'orderer.channel-created' || created.has(event.body.channel)) continue;
    const { channel } = event.body;
    created.set(
      channel,
      effect('channel-created', formatInstant(event.at), `${channel} was created at ${event.node}`, [event.node], channel, null, event.evidence),
    );
  }
  return [...created.values(), ...context.channels.flatMap((c) => effectsOnChannel(c, context))].sort((a, b) => a.atMicros - b.atMicros);
}

function effect(
  kind: DeedFollower['kind'],
  at: string,
  text: string,
  nodes: readonly string[],
  channel: string | null,
  block: number | null,
  evidence: readonly Evidence[],
): Effect {
  return { at, atMicros: microsOf(at), kind, text, count: 1, nodes, channel, block, evidence: mergeEvidence(evidence).slice(0, MAX_PLACES) };
}

function effectsOnChannel(channel: Channel, context: DeedContext): readonly Effect[] {
  const name = channel.name ?? 'the channel';
  const joins = channel.peers.flatMap((p) =>
    p.joinedAt === null || p.via === 'reopened'
      ? []
      : [effect('joined', p.joinedAt, `${p.peer} joined ${name}`, [p.peer], channel.name, null, p.evidence.slice(0, 1))],
  );
  const configurations = configurationBlocks(channel, context);
  const anchors = channel.organizations.flatMap((o) =>
    o.anchorPeers.flatMap((a) => {
      const learned = Object.entries(a.learnedAt).sort(([, x], [, y]) => (x < y ? -1 : 1));
      const [first] = learned;
      if (first === undefined) return [];
      const who = learned.length === 1 ? first[0] : someOf(learned.length, channel.peers.length, 'peer');
      const text = `${who} learned that ${a.endpoint} is an anchor peer of ${o.mspId ?? 'an organization'}`;
      return [
        effect(
          'anchor-learned',
          first[1],
          text,
          learned.map(([peer]) => peer),
          channel.name,
          null,
          a.evidence,
        ),
      ];
    }),
  );
  const views = channel.membership.changes.flatMap((c) =>
    c.online.length === 0
      ? []
      : [effect('view-changed', c.at, `${c.observer} saw ${listOf(c.online)}`, [c.observer, ...c.online], channel.name, null, c.evidence)],
  );
  const numbers = new Set(configurations.map((c) => c.block));
  const blocks = channel.blocks.flatMap((b) => {
    if (b.number === 0 || numbers.has(b.number)) return [];
    const moments = [b.ordered?.writtenAt, ...b.copies.flatMap((c) => [c.arrivedAt, c.receivedAt, c.committedAt])].filter((t) => t != null).sort();
    const [first] = moments;
    const evidence = b.ordered?.evidence ?? b.copies.find((c) => [c.arrivedAt, c.receivedAt, c.committedAt].includes(first ?? ''))?.evidence ?? [];
    return first === undefined ? [] : [effect('block', first, `block ${b.number} of ${name}`, [], channel.name, b.number, evidence)];
  });
  return [...joins, ...configurations, ...anchors, ...views, ...blocks];
}

/** Configuration blocks after the first: a peer says "Joining gossip network" at its join and again whenever it has validated one. */
function configurationBlocks(channel: Channel, context: DeedContext): readonly Effect[] {
  const found = new Map<number, { readonly at: string; readonly nodes: Set<string>; readonly evidence: Evidence[] }>();
  const note = (number: number, at: string, node: string, evidence: readonly Evidence[]): void => {
    const known = found.get(number) ?? { at, nodes: new Set<string>(), evidence: [] };
    found.set(number, { at: at < known.at ? at : known.at, nodes: known.nodes.add(node), evidence: [...known.evidence, ...evidence] });
  };
  const copies = new Map<string, { readonly number: number; readonly from: string; readonly to: string }[]>();
  for (const b of channel.blocks) {
    for (const c of b.copies) {
      const from = c.receivedAt ?? c.arrivedAt;
      if (b.config === true && b.number > 0 && (from ?? c.committedAt) !== null)
        note(b.number, (from ?? c.committedAt) as string, c.peer, c.evidence);
      if (b.number === 0 || from === null || c.committedAt === null) continue;
      const own = copies.get(c.peer);
      if (own === undefined) copies.set(c.peer, [{ number: b.number, from, to: c.committedAt }]);
      else own.push({ number: b.number, from, to: c.committedAt });
    }
  }
  for (const { body, at, node, evidence } of context.events) {
    if (body.kind !== 'channel.configured' || body.channel !== channel.name) continue;
    const moment = formatInstant(at);
    const block = copies.get(node)?.find((c) => c.from <= moment && moment <= c.to);
    if (block !== undefined) note(block.number, block.from, node, evidence);
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([number, f]) =>
      effect(
        'configuration-block',
        f.at,
        `configuration block ${number} of ${channel.name ?? 'the channel'}`,
        [...f.nodes].sort(),
        channel.name,
        number,
        f.evidence,
      ),
    );
}

/** Effects from a command's begin to its end and a while, in order. */
function within(effects: readonly Effect[], from: number, to: number): readonly Effect[] {
  let [low, high] = [0, effects.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((effects[middle] as Effect).atMicros < from) low = middle + 1;
    else high = middle;
  }
  const found: Effect[] = [];
  for (let i = low; i < effects.length && found.length < MAX_EFFECTS; i++) {
    const e = effects[i] as Effect;
    if (e.atMicros > to) break;
    found.push(e);
  }
  return found;
}

/** What followed a command, and what that tells of it. */
interface Followers {
  readonly list: readonly DeedFollower[];
  readonly node: OperatorDeed['node'];
  readonly nodeBasis: OperatorDeed['nodeBasis'];
  readonly channel: string | null;
}

/** These go to an orderer; the peer in the environment has no part in them. */
const TO_ORDERER = /^peer channel (?:create|update|signconfigtx)$/;

/** The peer a command was meant for where nothing that followed need confirm it: an environment may have been overridden by `docker exec -e`, unseen. */
function certainTargetOf(run: Run): Pick<Followers, 'node' | 'nodeBasis'> {
  const { target } = run;
  if (target === null || target.basis === 'environment' || run.parts.some((p) => TO_ORDERER.test(p.action))) return { node: null, nodeBasis: null };
  return { node: target.node, nodeBasis: target.basis };
}

const NOTHING: Followers = { list: [], node: null, nodeBasis: null, channel: null };

const endOf = (run: Run): number => run.endedAt ?? run.at + UNKNOWN_RUN_MICROS;

function followersOf(run: Run, effects: readonly Effect[], runs: readonly Run[], claimed: Set<Effect>): Followers {
  const [part, ...more] = run.parts.filter((p) => EFFECTIVE.has(p.action));
  const channel = part?.channel ?? null;
  const base = { ...certainTargetOf(run), channel };
  // A script, or several commands in one line: what happened while it ran, and nothing of why.
  if (part?.action === 'script' || more.length > 0) return { ...base, list: meanwhile(run, effects, runs, claimed) };
  if (run.isOpaque && run.endedAt !== null)
    return {
      ...base,
      list: summarize(
        run,
        within(effects, run.at, run.endedAt).filter((e) => e.kind !== 'view-changed' && !claimed.has(e)),
      ),
    };
  // What a command that failed did not do is not its effect.
  if (part === undefined || (run.command?.exitCode ?? 0) !== 0) return { ...base, list: [] };
  const inTime = within(effects, run.at - CLOCK_STEP_MICROS, endOf(run) + AFTERMATH_MICROS).filter((e) => !claimed.has(e));
  // These two return when it is done.
  const during = inTime.filter((e) => e.atMicros <= endOf(run) + CLOCK_STEP_MICROS);
  if (part.action === 'peer channel join' || part.action === 'peer channel joinbysnapshot') return joined(run, part, during, runs, claimed, base);
  if (part.action === 'peer channel create' || part.action === 'osnadmin channel join') {
    const made = during.find((e) => e.kind === 'channel-created' && isOn(e, channel));
    return { ...base, list: made === undefined ? [] : [follower(run, made, channel === null ? 'time' : 'named')] };
  }
  if (part.action === 'peer channel update') return { ...base, list: updated(run, part, inTime, effects, runs, claimed) };
  const block = inTime.find((e) => e.kind === 'block' && isOn(e, channel));
  return { ...base, list: block === undefined ? [] : [follower(run, block, 'time')] };
}

/** Commands that change something another log can show. */
const EFFECTIVE: ReadonlySet<string> = new Set([
  'script',
  'peer channel create',
  'peer channel join',
  'peer channel joinbysnapshot',
  'peer channel update',
  'osnadmin channel join',
  'peer chaincode instantiate',
  'peer chaincode upgrade',
  'peer chaincode invoke',
  'peer lifecycle chaincode approveformyorg',
  'peer lifecycle chaincode commit',
]);

const follower = (run: Run, e: Effect, link: DeedFollower['link']): DeedFollower => ({
  at: e.at,
  afterMicros: Math.max(0, e.atMicros - run.at),
  kind: e.kind,
  link,
  text: e.text,
  count: e.count,
  nodes: e.nodes,
  channel: e.channel,
  block: e.block,
  evidence: e.evidence,
});

/** `mychannel` of `channel-artifacts/mychannel.block`. */
const stemOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');

/**
 * The join that came of `peer channel join`. Its block's file is commonly named after the channel (`peer channel create` writes CHANNEL.block). Whose join it
 * was: the command's own peer, where that is the one that joined; else the only peer that joined while this alone ran, which is an inference.
 */
function joined(
  run: Run,
  part: OperatorCommand,
  during: readonly Effect[],
  runs: readonly Run[],
  claimed: Set<Effect>,
  base: Omit<Followers, 'list'>,
): Followers {
  const joins = during.filter((e) => e.kind === 'joined');
  const named = part.file === null ? undefined : joins.find((e) => isOn(e, stemOf(part.file as string)))?.channel;
  const channel = named ?? null;
  const fitting = joins.filter((e) => channel === null || e.channel === channel);
  const own = run.target === null ? undefined : fitting.find((e) => e.nodes[0] === run.target?.node);
  const others = runs.filter(
    (r) => r !== run && r.at <= endOf(run) && endOf(r) >= run.at && r.parts.some((p) => p.action.startsWith('peer channel join')),
  );
  // The address of a command line is certain; that of the container may have been overridden by `docker exec -e`, which no event tells.
  const other = own === undefined && run.target?.basis !== 'command' && others.length === 0 && fitting.length === 1 ? fitting[0] : undefined;
  const found = own ?? other;
  if (found === undefined) return { ...base, channel, list: [] };
  claimed.add(found);
  const list = [follower(run, found, channel === null ? 'time' : 'named')];
  if (own !== undefined)
    return {
      node: own.nodes[0] ?? null,
      nodeBasis: run.target?.basis === 'command' ? 'command' : 'container',
      channel: channel ?? base.channel,
      list,
    };
  return { node: found.nodes[0] ?? null, nodeBasis: 'followed', channel: channel ?? base.channel, list };
}

/** The configuration block of `peer channel update`, the anchor peers learned from it, and the views that changed until somebody did something else. */
function updated(
  run: Run,
  part: OperatorCommand,
  inTime: readonly Effect[],
  effects: readonly Effect[],
  runs: readonly Run[],
  claimed: Set<Effect>,
): readonly DeedFollower[] {
  const fits = (e: Effect): boolean => isOn(e, part.channel);
  const block = inTime.find((e) => e.kind === 'configuration-block' && fits(e));
  if (block === undefined) return [];
  claimed.add(block);
  // Another update of the same channel at the same time could have made the block.
  const rivals = runs.filter(
    (r) =>
      r !== run &&
      r.at <= block.atMicros &&
      endOf(r) >= run.at &&
      r.parts.some((p) => p.action === 'peer channel update' && p.channel === part.channel),
  );
  const link = part.channel !== null && rivals.length === 0 ? 'named' : 'time';
  const successor = effects.find((e) => e.kind === 'configuration-block' && e.channel === block.channel && (e.block ?? 0) > (block.block ?? 0));
  // Peers learn anchor peers while they take in a configuration block: these came of this one.
  const anchors = inTime.filter(
    (e) =>
      e.kind === 'anchor-learned' && e.channel === block.channel && e.atMicros >= block.atMicros && e.atMicros < (successor?.atMicros ?? Infinity),
  );
  for (const a of anchors) claimed.add(a);
  const learned = anchors.map((a) => follower(run, a, link));
  const next = nextEffectiveAt(run.at, runs);
  const views = within(effects, block.atMicros, Math.min(block.atMicros + VIEW_MICROS, next)).filter(
    (e) => e.kind === 'view-changed' && e.channel === block.channel,
  );
  return [follower(run, block, link), ...learned.slice(0, MAX_FOLLOWERS - 2), ...(anchors.length === 0 ? [] : together(run, views, 'view'))];
}

/**
 * Whether an effect is on the channel that a command names, where it names one. A channel that was made anew under its old name carries a number behind `#`
 * (which no channel's name holds); the command's moment tells which of them it is.
 */
const isOn = (e: Effect, channel: string | null): boolean =>
  channel === null || e.channel === channel || e.channel?.startsWith(`${channel}#`) === true;

/** Effects of one kind as one follower, dated by the first. */
function together(run: Run, effects: readonly Effect[], noun: string): readonly DeedFollower[] {
  const [first] = effects;
  if (first === undefined) return [];
  const nodes = [...new Set(effects.flatMap((e) => e.nodes))].sort();
  const text = effects.length === 1 ? first.text : `${countOf(effects.length, noun)} changed`;
  return [
    {
      ...follower(run, first, 'time'),
      text,
      count: effects.length,
      nodes,
      evidence: mergeEvidence(...effects.map((e) => e.evidence)).slice(0, MAX_PLACES),
    },
  ];
}

const SUMMARY_WORDS: readonly (readonly [DeedFollower['kind'], (effects: readonly Effect[]) => string])[] = [
  ['channel-created', (e) => `${listOf([...new Set(e.map((x) => x.channel ?? 'a channel'))])} ${e.length === 1 ? 'was' : 'were'} created`],
  [
    'joined',
    (e) =>
      `${e.length === 1 ? (e[0]?.nodes[0] ?? 'a peer') : countOf(e.length, 'peer')} joined ${listOf([...new Set(e.map((x) => x.channel ?? 'a channel'))])}`,
  ],
  ['configuration-block', (e) => `${sayBlocks(e, 'configuration block')} came`],
  ['anchor-learned', (e) => (e.length === 1 ? (e[0] as Effect).text : `${countOf(e.length, 'anchor peer')} became known`)],
  ['view-changed', (e) => `${countOf(e.length, 'view')} grew`],
  ['block', (e) => `${sayBlocks(e, 'block')} came`],
];

/** `blocks 3–7 of trade and block 1 of audit`. */
function sayBlocks(effects: readonly Effect[], noun: string): string {
  const byChannel = new Map<string, number[]>();
  for (const { channel, block } of effects) {
    const name = channel ?? 'the channel';
    const known = byChannel.get(name) ?? [];
    byChannel.set(name, known);
    if (block !== null) known.push(block);
  }
  return listOf([...byChannel].map(([channel, blocks]) => `${noun}${blocks.length === 1 ? '' : 's'} ${rangesOf(blocks)} of ${channel}`));
}

/** What happened in a stretch of time, kind by kind. */
function summarize(run: Run, effects: readonly Effect[]): readonly DeedFollower[] {
  return SUMMARY_WORDS.flatMap(([kind, say]) => {
    const own = effects.filter((e) => e.kind === kind);
    return together(run, own, kind).map((f) => ({ ...f, text: say(own), block: own.length === 1 ? f.block : null }));
  });
}

const nextEffectiveAt = (at: number, runs: readonly Run[]): number =>
  runs.find((r) => r.at > at && r.parts.some((p) => EFFECTIVE.has(p.action)))?.at ?? Infinity;

/**
 * What happened while a script ran, and what can only have begun in it: blocks that were on their way when it ended, the anchor peers in them, and the views
 * that changed by these; nothing of that once another command with an effect has begun.
 */
function meanwhile(run: Run, effects: readonly Effect[], runs: readonly Run[], claimed: ReadonlySet<Effect>): readonly DeedFollower[] {
  const end = endOf(run);
  const during = within(effects, run.at, end);
  const next = nextEffectiveAt(run.at, runs);
  if (run.endedAt === null || next <= end) return summarize(run, during);
  const soon = within(effects, end + 1, Math.min(end + SCRIPT_AFTERMATH_MICROS, next - 1)).filter(
    (e) => !claimed.has(e) && (e.kind === 'configuration-block' || e.kind === 'anchor-learned' || e.kind === 'block'),
  );
  const learned = [...during, ...soon].findLast((e) => e.kind === 'anchor-learned');
  const views =
    learned === undefined
      ? []
      : within(effects, end + 1, Math.min(learned.atMicros + VIEW_MICROS, next - 1)).filter(
          (e) => e.kind === 'view-changed' && e.channel === learned.channel,
        );
  return [...summarize(run, during), ...summarize(run, soon), ...summarize(run, views)];
}

function describe(run: Run, known: Followers): OperatorDeed {
  return {
    at: formatInstant(instantOfMicros(run.at)),
    endedAt: run.command === null || run.endedAt === null ? null : formatInstant(instantOfMicros(run.endedAt)),
    kind: run.command === null ? 'mark' : 'command',
    text: run.text,
    actions: run.parts.map((p) => p.action),
    container: run.command?.container ?? null,
    node: known.node,
    nodeBasis: known.nodeBasis,
    channel: known.list.find((f) => f.link === 'named')?.channel ?? known.channel,
    exitCode: run.command?.exitCode ?? null,
    followedBy: known.list.slice(0, MAX_FOLLOWERS),
    evidence: run.evidence,
  };
}
