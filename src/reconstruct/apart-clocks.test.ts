import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Instant, instantOfMicros } from '../events/instant.js';
import { clocksApartByLogs } from './apart-clocks.js';
import type { ReceivedTimes } from './deliveries.js';

const BLOCKS = 40;
const INTERVAL_MICROS = 300_000;
const BEGIN_MICROS = 1_700_000_000_000_000;

/** Each peer's clock is off by so many microseconds; `lag` is how much later than cut it receives a block. */
function receivedBy(
  offsets: Readonly<Record<string, number>>,
  lag: (peer: string, block: number) => number = (peer, block) => 1_000 * (1 + ((block * peer.length) % 7)),
): ReceivedTimes {
  const times = (peer: string, offset: number): ReadonlyMap<number, Instant> =>
    new Map(
      Array.from({ length: BLOCKS }, (_, i) => [i + 1, instantOfMicros(BEGIN_MICROS + i * INTERVAL_MICROS + offset + lag(peer, i + 1))] as const),
    );
  return new Map([['ch', new Map(Object.entries(offsets).map(([peer, offset]) => [peer, times(peer, offset)] as const))]]);
}

describe('clocks that are not the others’, by the logs', () => {
  it('are the ones that are always as much late or early', () => {
    for (const offset of [-3_600_000_000, -2_000_000, -600_000, 600_000, 2_000_000, 3_600_000_000])
      assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, bb: 0, ccc: offset, dddd: 0 })), ['ccc'], String(offset));
  });

  it('are several where most others agree', () => {
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, bb: 2_000_000, c: 0, dddd: -5_000_000, e: 0 })), ['bb', 'dddd']);
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, bb: 2_000_000, c: 0, dddd: 2_000_000, e: 0 })), ['bb', 'dddd']);
  });

  it('are none where nobody can say whose is right', () => {
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, b: 2_000_000 })), []);
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, b: 0, c: 2_000_000, d: 2_000_000 })), []);
    assert.deepEqual(clocksApartByLogs(new Map()), []);
  });

  it('are none where a peer lags, but not evenly', () => {
    const lag = (peer: string, block: number): number => (peer === 'slow' ? ((block * 37) % 41) * 100_000 : 1_000);
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, b: 0, slow: 0 }, lag)), []);
    const wasStopped = (peer: string, block: number): number => (peer === 'slow' && block <= 25 ? (26 - block) * INTERVAL_MICROS : 1_000);
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, b: 0, slow: 0 }, wasStopped)), []);
  });

  it('are none where peers are milliseconds apart', () => {
    assert.deepEqual(clocksApartByLogs(receivedBy({ a: 0, b: 0, far: 150_000 })), []);
  });
});
