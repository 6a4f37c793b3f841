import { type EventBody, OPERATOR, type TimelineEvent } from '../events/event.js';
import { mergeEvidence } from '../events/evidence.js';
import type { Directory } from '../topology/directory.js';
import type { DockerEvent } from '../topology/docker-events.js';
import { readCommandLine } from '../topology/operator-command.js';
import type { Recorded } from './recorded.js';

const byPath = (a: { readonly source: string }, b: { readonly source: string }): number => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0);

/** An event that no log holds; `order` is its stamp with a fraction for nanoseconds. */
export type ToldEvent = Omit<TimelineEvent, 'incarnation'> & { readonly order: number };

/** Docker's events as the timeline wants them; what says nothing of a node's life is left out, and what two files tell is told once. */
export function placeDockerEvents(recorded: Recorded, directory: Directory): readonly ToldEvent[] {
  const known = new Set<string>();
  const commands = new Map<string, CommandRun>();
  const placed: ToldEvent[] = [];
  for (const { source, read } of [...recorded.dockerEvents].sort(byPath)) {
    for (const event of read.events) {
      const key = `${event.stampMicros} ${event.type} ${event.action} ${event.containerId} ${event.network} ${event.execId}`;
      if (known.has(key)) continue;
      known.add(key);
      const from: ToldSource = { source, event };
      if (event.action.startsWith('exec_')) {
        followCommand(commands, from);
        continue;
      }
      const container = nameOfContainer(event);
      const body = container === null ? null : bodyOf(event, container);
      if (container === null || body === null) continue;
      const node = nodeOfContainer(event, container, directory);
      placed.push({ body, at: event.at, order: event.stampMicros, stampMicros: event.stampMicros, node, evidence: [{ source, line: event.line }] });
    }
  }
  return [...placed, ...[...commands.values()].flatMap((c) => placeCommand(c, directory))];
}

/** `docker exec`: what Docker told when it was made ready, started and ended. */
interface CommandRun {
  first: ToldSource;
  start: ToldSource | null;
  end: ToldSource | null;
}

function followCommand(commands: Map<string, CommandRun>, from: ToldSource): void {
  const { event, source } = from;
  const id = event.execId ?? `${source}:${event.line}`;
  const command = commands.get(id) ?? { first: from, start: null, end: null };
  if (event.action === 'exec_start') command.start ??= from;
  if (event.action === 'exec_die') command.end ??= from;
  if (event.command !== null && command.first.event.command === null) command.first = from;
  commands.set(id, command);
}

function placeCommand({ first, start, end }: CommandRun, directory: Directory): readonly ToldEvent[] {
  const { command, containerId } = first.event;
  const container = nameOfContainer(first.event);
  // A command that was made ready and never started did nothing.
  if (command === null || container === null || (start === null && end === null)) return [];
  const begin = start?.event ?? first.event;
  const durationMicros = end === null ? null : Math.max(0, end.event.at - begin.at);
  const actions = readCommandLine(command).map((c) => c.action);
  return [
    {
      body: { kind: 'operator.command', container, containerId, command, actions, durationMicros, exitCode: end?.event.exitCode ?? null },
      at: begin.at,
      order: begin.stampMicros,
      stampMicros: begin.stampMicros,
      node: nodeOfContainer(first.event, container, directory),
      evidence: mergeEvidence([first, start, end].flatMap((e) => (e === null ? [] : [{ source: e.source, line: e.event.line }]))),
    },
  ];
}

interface ToldSource {
  readonly source: string;
  readonly event: DockerEvent;
}

/** As many digits of a container's id as Docker shows. */
const SHORT_ID_LENGTH = 12;

const nameOfContainer = (event: DockerEvent): string | null => event.containerName ?? event.containerId?.slice(0, SHORT_ID_LENGTH) ?? null;

const nodeOfContainer = (event: DockerEvent, container: string, directory: Directory): string =>
  (event.containerId === null ? null : directory.nodeOfContainer(event.containerId)) ?? directory.nodeOfHost(container) ?? container;

function bodyOf(event: DockerEvent, container: string): EventBody | null {
  if (event.type === 'network') {
    if (event.network === null) return null;
    if (event.action === 'connect') return { kind: 'network.connected', container, network: event.network };
    return event.action === 'disconnect' ? { kind: 'network.disconnected', container, network: event.network } : null;
  }
  if (event.type !== 'container') return null;
  switch (event.action) {
    case 'start':
      return { kind: 'container.started', container };
    case 'die':
      return { kind: 'container.died', container, exitCode: event.exitCode };
    case 'kill':
      return { kind: 'container.signalled', container, signal: event.signal };
    case 'oom':
      return { kind: 'container.out-of-memory', container };
    case 'pause':
      return { kind: 'container.paused', container };
    case 'unpause':
      return { kind: 'container.unpaused', container };
    case 'rename':
      return { kind: 'container.renamed', container };
    case 'destroy':
      return { kind: 'container.removed', container };
    default:
      return null;
  }
}

/** The operator's notes. */
export function placeMarks(recorded: Recorded): readonly ToldEvent[] {
  return recorded.marks.flatMap(({ source, read }) =>
    read.marks.map((mark) => ({
      body: { kind: 'operator.mark' as const, text: mark.text },
      at: mark.at,
      order: mark.stampMicros,
      stampMicros: mark.stampMicros,
      node: OPERATOR,
      evidence: [{ source, line: mark.line }],
    })),
  );
}
