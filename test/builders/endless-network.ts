/** Lines of one log that came together. */
export interface LogPiece {
  readonly path: string;
  readonly container: { readonly id: string; readonly name: string };
  readonly lines: string;
}

const START_MILLIS = Date.parse('2030-05-06T07:00:00.000Z');
const CHANNEL = 'endless';

/**
 * Four peers of two organizations on one channel, as Fabric 1.4 would log them for `hours`: joins, elections that move the leadership every half hour, a block
 * every `blockSeconds`, calls, a view that loses and regains a member every minute, failed connections. Nothing of any recording is in it.
 */
export function* endlessNetwork(options: { readonly hours: number; readonly blockSeconds: number }): Generator<LogPiece> {
  const names = ['ada.red.net', 'bob.red.net', 'cyd.blue.net', 'dan.blue.net'];
  const ids = new Map(names.map((n) => [n, 0]));
  const pkiOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0');
  const piece = (name: string, millis: number, ...records: readonly (readonly [logger: string, message: string])[]): LogPiece => ({
    path: `logs/${name}.log`,
    container: { id: pkiOf(`c${name}`), name },
    lines: records
      .map(([logger, message]) => {
        const id = (ids.get(name) as number) + 1;
        ids.set(name, id);
        const at = new Date(START_MILLIS + millis).toISOString();
        return `${at.slice(0, 23)}000000Z ${at.slice(0, 10)} ${at.slice(11, 23)} UTC [${logger}] f -> INFO ${id.toString(16).padStart(3, '0')} ${message}\n`;
      })
      .join(''),
  });
  const sameOrganization = (a: string, b: string): boolean => a.split('.')[1] === b.split('.')[1];
  const viewOf = (name: string, others: readonly string[]): string =>
    `[${others.map((o) => `[${o}:7051${sameOrganization(name, o) ? ` ${o}:7051` : ' '}]`).join(' ')}]`;
  for (const [i, name] of names.entries()) {
    const others = names.filter((n) => n !== name);
    yield piece(
      name,
      i * 100,
      ['nodeCmd', 'Starting peer:\n Version: 1.4.12'],
      [
        'gossip.gossip',
        `Creating gossip service with self membership of Endpoint: ${name}:7051, InternalEndpoint: ${name}:7051, PKI-ID: ${pkiOf(name)}, Metadata: `,
      ],
      ['ledgermgmt', `Created ledger [${CHANNEL}] with genesis block`],
      ['gossip.gossip', `Joining gossip network of channel ${CHANNEL} with 2 organizations`],
      ['gossip.channel', `Membership view has changed. peers went online:  ${viewOf(name, others)} , current view:  ${viewOf(name, others)}`],
    );
  }
  const end = options.hours * 3_600_000;
  let leader = 0;
  let block = 0;
  let nextBlock = 10_000;
  let nextTurn = 5_000;
  let nextFlap = 60_000;
  for (let now = 5_000; now < end; now = Math.min(nextBlock, nextTurn, nextFlap)) {
    if (now === nextTurn) {
      for (const organization of [0, 2]) {
        const before = names[organization + leader] as string;
        const after = names[organization + (1 - leader)] as string;
        if (now > 5_000)
          yield piece(
            before,
            now,
            ['gossip.election', `${pkiOf(before)} Stopped being a leader`],
            ['gossip.service', `Renounced leadership, stopping delivery service for channel ${CHANNEL}`],
          );
        yield piece(
          after,
          now + 50,
          ['gossip.election', `${pkiOf(after)} : Becoming a leader`],
          ['gossip.service', `Elected as a leader, starting delivery service for channel ${CHANNEL}`],
        );
      }
      leader = 1 - leader;
      nextTurn += 1_800_000;
    } else if (now === nextFlap) {
      const [ada, bob] = names as [string, string];
      const without = names.filter((n) => n !== ada && n !== bob);
      yield piece(
        ada,
        now,
        ['gossip.comm', `Failed obtaining connection for ${bob}:7051, PKIid:${pkiOf(bob)} reason: context deadline exceeded`],
        ['gossip.channel', `Membership view has changed. peers went offline:  ${viewOf(ada, [bob])} , current view:  ${viewOf(ada, without)}`],
      );
      yield piece(ada, now + 5_000, [
        'gossip.channel',
        `Membership view has changed. peers went online:  ${viewOf(ada, [bob])} , current view:  ${viewOf(ada, [bob, ...without])}`,
      ]);
      nextFlap += 60_000;
    } else {
      block += 1;
      for (const [i, name] of names.entries()) {
        yield piece(
          name,
          now + i * 7,
          ['gossip.privdata', `[${CHANNEL}] Received block [${block}] from buffer`],
          ['committer.txvalidator', `[${CHANNEL}] Validated block [${block}] in 3ms`],
          [
            'kvledger',
            `[${CHANNEL}] Committed block [${block}] with 2 transaction(s) in 20ms (state_validation=1ms block_and_pvtdata_commit=9ms state_commit=8ms) commitHash=[00]`,
          ],
          [
            'comm.grpc.server',
            `unary call completed grpc.service=gossip.Gossip grpc.method=Ping grpc.peer_address=10.9.8.${i + 1}:4000 grpc.code=OK grpc.call_duration=90µs`,
          ],
        );
      }
      nextBlock += options.blockSeconds * 1000;
    }
  }
}
