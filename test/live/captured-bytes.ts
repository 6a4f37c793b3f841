import { connectionsOf, segmentsOf } from './recorded-network.js';
import type { LiveConnection } from './replayed-network.js';

/** A connection that was made for a test. */
export interface Exchange {
  readonly clientAddress: string;
  readonly live: LiveConnection;
}

/**
 * What `captures` hold too little or too much of what was sent in `exchanges`, in sentences; empty when every byte is there and as many connections were
 * refused as should be.
 */
export async function missingBytes(exchanges: readonly Exchange[], captures: readonly Buffer[]): Promise<readonly string[]> {
  const segments = (await Promise.all(captures.map(segmentsOf))).flat().sort((a, b) => a.atMillis - b.atMillis);
  const captured = connectionsOf(segments);
  const complaints: string[] = [];
  const refused = [captured.filter((c) => c.refused).length, exchanges.filter((e) => e.live.clientPort === null).length];
  if (refused[0] !== refused[1]) complaints.push(`${refused[0]} refused connections instead of ${refused[1]}`);
  for (const { clientAddress, live } of exchanges.filter((e) => e.live.clientPort !== null)) {
    const found = captured.find((c) => c.client === clientAddress && c.clientPort === live.clientPort);
    for (const [way, from] of [
      ['there', 'client'],
      ['back', 'server'],
    ] as const) {
      const got = Buffer.concat((found?.sendings ?? []).flatMap((s) => (s.from === from && s.bytes !== 'end' ? [s.bytes] : [])));
      const sent = live.sent(way);
      if (!got.equals(sent))
        complaints.push(`${clientAddress}:${live.clientPort} ${way}: ${got.length} captured bytes are not the ${sent.length} that were sent`);
    }
  }
  return complaints;
}
