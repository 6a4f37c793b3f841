import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { at, buildContainer, buildRun } from '../../test/builders/timeline-builder.js';
import { buildDirectory, type Directory, fileStemOf, type Mention, type RunFacts } from './directory.js';
import type { ContainerFacts } from './inspect.js';

interface Inputs {
  readonly runs?: readonly RunFacts[];
  readonly containers?: readonly ContainerFacts[];
  readonly mentions?: readonly Mention[];
  readonly overrides?: Readonly<Record<string, string>>;
}

const directoryOf = (i: Inputs): Directory =>
  buildDirectory(i.runs ?? [], i.containers ?? [], i.mentions ?? [], new Map(Object.entries(i.overrides ?? {})));
const namesOf = (i: Inputs): readonly string[] => [...directoryOf(i).nodes.keys()];
const seen = (endpoint: string, pkiId: string | null = null): Mention => ({ role: 'peer', endpoint, pkiId, alive: true });
const dialled = (endpoint: string): Mention => ({ role: 'orderer', endpoint, pkiId: null, alive: false });
/** A piece of a log in which the process never says where it listens. */
const piece = (source: string, parts: Partial<RunFacts> = {}): RunFacts => buildRun('', { source, endpoints: [], ...parts });
const orderer = (source: string, parts: Partial<RunFacts> = {}): RunFacts => piece(source, { kind: 'orderer', ...parts });
/** Fingerprints as the timeline makes them: micros, a blank, counter and text. */
const records = (...seconds: readonly number[]): ReadonlySet<string> => new Set(seconds.map((s) => `${at(s)} ${s} line`));

test('one endpoint is one node, whatever the files are called', () => {
  const runs = [buildRun('peer0.north', { source: 'a.log' }), buildRun('peer0.north', { source: 'b.log' })];
  assert.deepEqual(namesOf({ runs }), ['peer0.north']);
});

test('a run that knows only the weaker of two endpoints is the same node in either order of paths', () => {
  for (const [strong, weak] of [
    ['a.log', 'b.log'],
    ['b.log', 'a.log'],
  ] as const) {
    const runs = [
      buildRun('x', { source: strong, endpoints: ['outside:443', 'inside:7051'] }),
      buildRun('x', { source: weak, endpoints: ['inside:7051'] }),
    ];
    assert.deepEqual(namesOf({ runs }).length, 1, `strong in ${strong}`);
  }
});

test('one PKI-ID is one node, also for a piece that overlaps and names no endpoint, in either order of paths', () => {
  for (const source of ['logs/a.log', 'logs/z.log']) {
    const d = directoryOf({ runs: [buildRun('peer0', { pkiIds: ['aa11'] }), piece(source, { pkiIds: ['aa11'] })] });
    assert.deepEqual([...d.nodes.keys()], ['peer0'], source);
    assert.equal(d.nodeOfRun(source, 0), 'peer0');
    assert.equal(d.nodeOfPkiId('aa11'), 'peer0');
  }
});

test('a copied identity (one PKI-ID at two endpoints at once) stays two nodes, also in one compose file', () => {
  assert.deepEqual(namesOf({ runs: [buildRun('peer0', { pkiIds: ['aa11'] }), buildRun('peer1', { pkiIds: ['aa11'] })] }), ['peer0', 'peer1']);
  const compose = ['peer0', 'peer1'].map((host, index) => buildRun(host, { source: 'all.log', index, prefix: host, pkiIds: ['aa11'] }));
  assert.deepEqual(namesOf({ runs: compose }), ['peer0', 'peer1']);
});

test('a peer that moves to another endpoint with its identity is one node', () => {
  const runs = [
    buildRun('old', { pkiIds: ['aa11'], lastAt: at(40) }),
    buildRun('new', { pkiIds: ['aa11'], firstAt: at(50), endpoints: ['new:7051'] }),
  ];
  const d = directoryOf({ runs });
  assert.equal(d.nodes.size, 1);
  assert.equal(d.nodeOfEndpoint('old:7051'), d.nodeOfEndpoint('new:7051'));
});

test("Docker's container id binds a log to its container", () => {
  const container = buildContainer('peer0.north', { environment: { CORE_PEER_ADDRESS: 'peer0.north:7051' } });
  const d = directoryOf({ runs: [piece('json.log', { containerId: container.id })], containers: [container] });
  assert.equal(d.nodeOfRun('json.log', 0), 'peer0.north');
  assert.equal(d.nodes.get('peer0.north')?.nameBasis, 'inspect');
});

test('a compose prefix names a run that says nothing, and its container where there is one', () => {
  const runs = [piece('all.log', { prefix: 'orderer.hq', kind: 'orderer' }), piece('all.log', { index: 1, prefix: 'peer9' })];
  assert.deepEqual(namesOf({ runs }), ['orderer.hq', 'peer9']);
  const container = buildContainer('proj-peer9-1', { aliases: ['proj-peer9-1', 'peer9'], environment: { CORE_PEER_ADDRESS: 'peer9.south:7051' } });
  assert.equal(directoryOf({ runs, containers: [container] }).nodeOfRun('all.log', 1), 'peer9.south');
});

test('a run that names nobody is its neighbour in the file: the one before, else the one after', () => {
  const nth = (index: number) => ({ source: 'all.log', index, firstAt: at(index * 10), lastAt: at(index * 10 + 9) });
  const silent = (index: number) => piece('all.log', nth(index));
  const d = directoryOf({ runs: [silent(0), buildRun('peer0', nth(1)), silent(2), buildRun('peer1', nth(3)), silent(4)] });
  assert.deepEqual(
    [0, 2, 4].map((i) => d.nodeOfRun('all.log', i)),
    ['peer0', 'peer0', 'peer1'],
  );
  assert.deepEqual([...d.nodes.keys()], ['peer0', 'peer1']);
});

test('a piece that shares the records of a known log is that process; one that shares none goes by its file name', () => {
  const known = buildRun('peer0', { fingerprints: records(1, 2, 3, 4, 5) });
  const overlapping = piece('rest.log', { firstAt: at(3), lastAt: at(9), fingerprints: records(3, 4, 5, 9) });
  assert.equal(directoryOf({ runs: [known, overlapping] }).nodeOfRun('rest.log', 0), 'peer0');
  const strange = piece('rest.log', { firstAt: at(3), lastAt: at(9), fingerprints: records(3.5, 4.5, 9) });
  assert.equal(directoryOf({ runs: [known, strange] }).nodeOfRun('rest.log', 0), 'rest');
});

test('the file name is the last resort, without what rotation and wrappers add to it', () => {
  const d = directoryOf({ runs: [orderer('logs/ord-json.log.2.gz')] });
  assert.deepEqual(
    [...d.nodes.values()].map((n) => [n.name, n.nameBasis, n.kind]),
    [['ord', 'file-name', 'orderer']],
  );
  assert.equal(fileStemOf('a/b/peer0.org1.example.com.log'), 'peer0.org1.example.com');
  assert.equal(fileStemOf('a/.log'), '.log');
});

test("the user's name for a file wins, and other files of the same process join it in either order of paths", () => {
  for (const [named, other] of [
    ['a.log', 'b.log'],
    ['b.log', 'a.log'],
  ] as const) {
    const runs = [buildRun('peer0', { source: named }), buildRun('peer0', { source: other })];
    assert.deepEqual(namesOf({ runs, overrides: { [named]: 'mine' } }), ['mine'], named);
  }
});

test('two files with one given name are one node, and a name of a container takes its container', () => {
  assert.deepEqual(namesOf({ runs: [piece('a.log'), piece('b.log')], overrides: { 'a.log': 'x', 'b.log': 'x' } }), ['x']);
  const container = buildContainer('peer0.north');
  const d = directoryOf({ runs: [piece('a.log')], containers: [container], overrides: { 'a.log': 'peer0.north' } });
  assert.equal(d.nodes.get('peer0.north')?.container, container);
});

test('several nodes on one host are told apart by their ports, also those known only from views', () => {
  const run = (port: number) => buildRun('host', { source: `${port}.log`, endpoints: [`host:${port}`] });
  const d = directoryOf({ runs: [run(7051), run(8051)] });
  assert.deepEqual([...d.nodes.keys()], ['host:7051', 'host:8051']);
  assert.equal(d.nodeOfHost('host'), null);
  assert.deepEqual(namesOf({ runs: [run(7051)], mentions: [seen('host:9051')] }), ['host', 'host:9051']);
  assert.deepEqual(namesOf({ mentions: [seen('host:9051'), seen('host:7051')] }), ['host:7051', 'host:9051']);
});

test('an endpoint at another port of a host that only one node has is that node, where nothing shows a live member there', () => {
  assert.equal(directoryOf({ runs: [buildRun('peer0')] }).nodeOfEndpoint('peer0:17051'), 'peer0');
});

test('a peer on localhost or an IP address has that endpoint as its name', () => {
  assert.deepEqual(namesOf({ runs: [buildRun('10.0.0.4')] }), ['10.0.0.4:7051']);
  const local = (port: number) => buildRun('localhost', { source: `${port}.log`, endpoints: [`localhost:${port}`] });
  assert.deepEqual(namesOf({ runs: [local(7051), local(8051)] }), ['localhost:7051', 'localhost:8051']);
});

test('loopback endpoints name nodes where all peers share the host, and only there', () => {
  const local = (port: number, id: string) => buildRun('', { source: `${port}.log`, endpoints: [`127.0.0.1:${port}`], processId: id });
  const shared = directoryOf({ runs: [local(7051, 'peer0'), local(7053, 'peer1')], mentions: [seen('127.0.0.1:7053')] });
  assert.equal(shared.nodeOfEndpoint('127.0.0.1:7053'), 'peer1');
  assert.deepEqual([...shared.nodes.keys()], ['peer0', 'peer1']);
  const alike = directoryOf({ runs: [local(7051, 'peer0'), { ...local(7051, 'peer1'), source: 'other.log' }] });
  assert.equal(alike.nodeOfEndpoint('127.0.0.1:7051'), null, 'two containers, each alone on its loopback');
  const mixed = directoryOf({ runs: [local(7051, 'peer0'), buildRun('peer1')] });
  assert.equal(mixed.nodeOfEndpoint('127.0.0.1:7051'), null, 'at peer1 it means peer1 itself');
});

test('containers that all call themselves localhost:7051 are named by their logs', () => {
  const local = (source: string) => buildRun('localhost', { source });
  assert.deepEqual(namesOf({ runs: [local('north.log'), local('south.log')] }), ['north', 'south']);
});

test('peers known only from the views of others are nodes; those that were merely dialled are not', () => {
  const d = directoryOf({ runs: [buildRun('peer0')], mentions: [seen('peer1:7051', 'bb22'), { ...seen('peer2:7051'), alive: false }] });
  assert.deepEqual([...d.nodes.keys()], ['peer0', 'peer1']);
  assert.equal(d.nodeOfPkiId('bb22'), 'peer1');
  assert.equal(d.nodes.get('peer1')?.endpoint, 'peer1:7051');
});

test('a lone orderer is named by the host that the peers dial', () => {
  const runs = [buildRun('peer0'), orderer('ord.log', { listenPort: 7050 })];
  assert.deepEqual(namesOf({ runs, mentions: [dialled('orderer.hq:7050')] }), ['orderer.hq', 'peer0']);
  assert.deepEqual(namesOf({ runs, mentions: [dialled('orderer.hq:8050')] }), ['ord', 'peer0'], 'another port');
  assert.deepEqual(namesOf({ runs, mentions: [dialled('a.hq:7050'), dialled('b.hq:7050')] }), ['ord', 'peer0'], 'two orderers');
  assert.deepEqual(namesOf({ runs: [...runs, orderer('two.log')], mentions: [dialled('orderer.hq:7050')] }), ['ord', 'peer0', 'two']);
  assert.deepEqual(namesOf({ runs, mentions: [dialled('orderer.hq:7050')], overrides: { 'ord.log': 'mine' } }), ['mine', 'peer0']);
});

test('containers of other software and repeated inspect outputs make no nodes', () => {
  const peer = buildContainer('peer0');
  const later = { ...peer, source: 'docker/z.json', startedAt: at(50) };
  const d = directoryOf({ containers: [peer, later, buildContainer('couchdb', { role: 'other' })] });
  assert.deepEqual([...d.nodes.keys()], ['peer0']);
  assert.equal(d.nodes.get('peer0')?.container?.startedAt, at(50));
});

test('a node whose first run says nothing has the kind of the run that does', () => {
  const d = directoryOf({ runs: [piece('o.log', { kind: 'client', lastAt: at(1) }), orderer('o.log', { index: 1, firstAt: at(2) })] });
  assert.deepEqual(
    [...d.nodes.values()].map((n) => [n.name, n.kind]),
    [['o', 'orderer']],
  );
});

test('the MSP ID is what the newest log tells, else the environment', () => {
  const container = buildContainer('peer0', { environment: { CORE_PEER_ADDRESS: 'peer0:7051', CORE_PEER_LOCALMSPID: 'NorthMSP' } });
  assert.deepEqual(
    [...directoryOf({ containers: [container] }).nodes.values()].map((n) => [n.mspId, n.mspBasis]),
    [['NorthMSP', 'inspect']],
  );
  assert.deepEqual(
    [...directoryOf({ runs: [buildRun('peer0', { mspId: 'SouthMSP' })] }).nodes.values()].map((n) => [n.mspId, n.mspBasis]),
    [['SouthMSP', 'log']],
  );
  assert.deepEqual(
    [...directoryOf({ runs: [buildRun('peer0')] }).nodes.values()].map((n) => [n.mspId, n.mspBasis]),
    [[null, null]],
  );
});

test('any order of the inputs gives the same directory', () => {
  const hosts = ['p0', 'p1', 'p2'];
  const run = fc.record({
    source: fc.constantFrom('a.log', 'b.log', 'c.log', 'd.log'),
    host: fc.option(fc.constantFrom(...hosts), { nil: null }),
    port: fc.constantFrom(7051, 8051),
    pkiId: fc.option(fc.constantFrom('aa', 'bb', 'cc'), { nil: null }),
    from: fc.integer({ min: 0, max: 50 }),
    length: fc.integer({ min: 0, max: 50 }),
    kind: fc.constantFrom('peer' as const, 'orderer' as const, 'client' as const),
    prefix: fc.option(fc.constantFrom('p0', 'svc'), { nil: null }),
  });
  const mention = fc.record({
    role: fc.constantFrom('peer' as const, 'orderer' as const),
    endpoint: fc.option(fc.constantFrom('p0:7051', 'p0:9051', 'p3:7051', '10.0.0.1:7051', 'o:7050'), { nil: null }),
    pkiId: fc.option(fc.constantFrom('aa', 'dd', 'ee'), { nil: null }),
    alive: fc.boolean(),
  });
  const inputs = fc.record({ runs: fc.array(run, { maxLength: 7 }), mentions: fc.array(mention, { maxLength: 6 }), contained: fc.subarray(hosts) });
  fc.assert(
    fc.property(inputs, fc.infiniteStream(fc.nat()), ({ runs, mentions, contained }, keys) => {
      const next = new Map<string, number>();
      const facts = runs.map((r) => {
        const index = next.get(r.source) ?? 0;
        next.set(r.source, index + 1);
        return buildRun(r.host ?? '', {
          source: r.source,
          index,
          endpoints: r.host === null ? [] : [`${r.host}:${r.port}`],
          pkiIds: r.pkiId === null ? [] : [r.pkiId],
          firstAt: at(r.from),
          lastAt: at(r.from + r.length),
          kind: r.kind,
          prefix: r.prefix,
        });
      });
      const containers = contained.map((host) =>
        buildContainer(host, { source: `docker/${host}.json`, environment: { CORE_PEER_ADDRESS: `${host}:7051` } }),
      );
      const shuffled = <T>(list: readonly T[]): readonly T[] =>
        list
          .map((item) => ({ item, key: keys.next().value as number }))
          .sort((x, y) => x.key - y.key)
          .map((x) => x.item);
      const one = directoryOf({ runs: facts, containers, mentions });
      const other = directoryOf({ runs: shuffled(facts), containers: shuffled(containers), mentions: shuffled(mentions) });
      assert.deepEqual([...other.nodes], [...one.nodes]);
      for (const r of facts) assert.equal(other.nodeOfRun(r.source, r.index), one.nodeOfRun(r.source, r.index));
      for (const e of ['p0:7051', 'p0:8051', 'p0:9051', 'p3:7051', '10.0.0.1:7051']) assert.equal(other.nodeOfEndpoint(e), one.nodeOfEndpoint(e));
      for (const id of ['aa', 'bb', 'cc', 'dd', 'ee']) assert.equal(other.nodeOfPkiId(id), one.nodeOfPkiId(id));
    }),
    { numRuns: 500 },
  );
});

test('parts of one container’s log are one node, also where a part names nobody', () => {
  const container = buildContainer('peer0.north');
  const bound = { containerId: container.id, containerName: container.name };
  const runs = [piece('a.2.log', { ...bound, firstAt: at(101), lastAt: at(200) }), buildRun('peer0.north', { source: 'a.log', ...bound })];
  assert.deepEqual(namesOf({ runs, containers: [container] }), ['peer0.north']);
  const uninspected = directoryOf({ runs });
  assert.deepEqual([...uninspected.nodes.keys()], ['peer0.north']);
  assert.equal(uninspected.nodeOfContainer(container.id), 'peer0.north');
});

test('a log that names nobody is named by the container that a manifest binds it to', () => {
  assert.deepEqual(namesOf({ runs: [piece('logs/x.3.log', { containerId: 'c1', containerName: 'peer7' })] }), ['peer7']);
});

test('containers recreated under one name are one node; two of one name that run at once are two', () => {
  const env = { CORE_PEER_ADDRESS: 'peer0.north:7051' };
  const first = buildContainer('peer0', { id: '1'.repeat(64), environment: env, startedAt: at(0) });
  const second = buildContainer('peer0', { id: '2'.repeat(64), environment: env, startedAt: at(200) });
  const run = (c: ContainerFacts, from: number): RunFacts =>
    buildRun('peer0.north', { source: `${c.id}.log`, containerId: c.id, firstAt: at(from), lastAt: at(from + 100) });
  const recreated = directoryOf({ containers: [second, first], runs: [run(first, 0), run(second, 200)] });
  assert.deepEqual([...recreated.nodes.keys()], ['peer0.north']);
  assert.deepEqual([recreated.nodeOfContainer(first.id), recreated.nodeOfContainer(second.id)], ['peer0.north', 'peer0.north']);
  assert.equal(recreated.nodes.get('peer0.north')?.container?.id, second.id);
  const bothAtOnce = directoryOf({ containers: [first, second], runs: [run(first, 0), run(second, 50)] });
  assert.equal(bothAtOnce.nodes.size, 2);
});
