import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../until.js';
import type { Exchange } from './captured-bytes.js';
import type { RecordedConnection, RecordedNetwork } from './recorded-network.js';
import { SqueezedTime, withStamp } from './recorded-network.js';
import type { LiveConnection, ReplayedNetwork } from './replayed-network.js';

/** What was replayed, beside what {@link ReplayedNetwork.printed} tells. */
export interface Replayed {
  readonly exchanges: readonly Exchange[];
  /** Printed stamp → recorded stamp, in milliseconds since the epoch. */
  readonly stamps: ReadonlyMap<number, number>;
  /** Address, or address and port, here → in the recording. */
  readonly addresses: ReadonlyMap<string, string>;
}

interface Action {
  readonly atMillis: number;
  /** At one moment: starts before ports, ports before connections. */
  readonly rank: number;
  readonly run: () => Promise<void>;
}

/** Settings that name the node, as the recording's inspect output has them; those of the replaying container itself are its own. */
const OWN_SETTING = /^PATH=/;

const kindOf = (image: string): 'peer' | 'orderer' | 'tools' => (/peer/.test(image) ? 'peer' : /orderer/.test(image) ? 'orderer' : 'tools');

/**
 * Plays `recorded` again on `network`, `factor` times faster: containers start, print their records on standard error with the stamps of the moment, and
 * exchange the recorded bytes. Between records each of them says something on standard output. What comes too late on a busy machine delays all the rest.
 */
export async function replay(recorded: RecordedNetwork, network: ReplayedNetwork, factor: number): Promise<Replayed> {
  const { records, connections, containers } = recorded;
  const begin = Math.min(...records.map((r) => r.dueMillis), ...connections.map((c) => c.atMillis));
  const time = new SqueezedTime(
    records.flatMap((r) => (r.stampMillis === null ? [] : [r.stampMillis])),
    begin,
    factor,
  );
  const nodeAt = new Map(containers.map((c) => [c.address, c.name]));
  const nameOf = (address: string): string => nodeAt.get(address) ?? address;
  const ports = new Map<string, string>();
  const rewrite = (text: string): string =>
    text.replace(
      /\b(\d{1,3}(?:\.\d{1,3}){3})(:\d+)?\b/g,
      (all, address: string, port = '') => ports.get(all) ?? (nodeAt.has(address) ? network.address(address) + port : all),
    );
  const actions: Action[] = [];
  const add = (atMillis: number, rank: number, run: () => Promise<void>): void => void actions.push({ atMillis, rank, run });

  for (const { name, image, environment, address } of containers) {
    const ownRecords = records.filter((r) => r.node === name).map((r) => r.dueMillis);
    const ownConnections = connections.filter((c) => c.client === address || c.server === address).map((c) => c.atMillis);
    const first = Math.min(...ownRecords, ...ownConnections);
    add(Number.isFinite(first) ? first : begin, 0, async () => {
      const settings = environment.filter((e) => !OWN_SETTING.test(e));
      await network.addNode({ name, kind: kindOf(image), environment: settings, address: network.address(address) });
    });
  }
  records.forEach((record, i) => {
    add(record.dueMillis, 1, async () => {
      time.stamp(record.dueMillis);
      const stamp = record.stampMillis === null ? null : time.stamp(record.stampMillis);
      if (stamp !== null) await until('the clock', () => Date.now() >= stamp);
      await network.print(record.node, 'stderr', rewrite(stamp === null ? record.text : withStamp(record.text, stamp)));
      if (i % 20 === 0) await network.print(record.node, 'stdout', `something else, said before ${i}\n`);
    });
  });

  const listening = new Set<string>();
  const live = new Map<RecordedConnection, LiveConnection>();
  for (const c of connections) {
    const [client, server, place] = [nameOf(c.client), nameOf(c.server), `${c.server}:${c.serverPort}`];
    if (!c.refused && !listening.has(place)) {
      listening.add(place);
      add(c.atMillis, 2, () => network.listen(server, c.serverPort));
    }
    add(c.atMillis, 3, async () => {
      const connection = await network.connect(client, server, network.address(c.server), c.serverPort);
      if ((connection.clientPort === null) !== c.refused) throw new Error(`${client} > ${place}: ${c.refused ? 'not refused' : 'refused'}`);
      live.set(c, connection);
      if (connection.clientPort !== null) ports.set(`${c.client}:${c.clientPort}`, `${network.address(c.client)}:${connection.clientPort}`);
    });
    const last = c.sendings.at(-1);
    for (const sending of c.sendings) {
      const { atMillis, bytes } = sending;
      if (bytes !== 'end') add(atMillis, 4, () => (live.get(c) as LiveConnection).send(sending.from === 'client' ? 'there' : 'back', bytes));
    }
    // Both directions end together, when the later one did: a container's end can't be closed by half.
    const ended = c.sendings.find((s) => s.bytes === 'end');
    if (ended !== undefined && last !== undefined) add(last.atMillis, 5, () => (live.get(c) as LiveConnection).close(ended.from));
  }

  actions.sort((a, b) => a.atMillis - b.atMillis || a.rank - b.rank);
  time.start(Date.now());
  for (const { atMillis, run } of actions) {
    const wait = time.due(atMillis, Date.now()) - Date.now();
    if (wait > 0) await sleep(wait);
    await run();
  }
  for (const [c, connection] of live) if (!c.refused) await connection.arrived();
  await network.settled();
  return {
    exchanges: [...live].map(([c, connection]) => ({ clientAddress: network.address(c.client), live: connection })),
    stamps: time.recorded(),
    addresses: new Map([
      ...containers.map((c) => [network.address(c.address), c.address] as const),
      ...[...ports].map(([was, is]) => [is, was] as const),
    ]),
  };
}
