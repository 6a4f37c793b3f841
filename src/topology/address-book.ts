import type { Instant } from '../events/instant.js';

/**
 * What ties an address to a node. `certificate`: shown on the wire, or a dialled name whose handshake completed (the client verified
 * it); `log`: a line of the node itself or of a server about its client; `inspect`: Docker's word, which is about the end of the
 * container's last run; `server-name`: a name that was dialled there, never confirmed.
 */
export type AddressBasis = 'certificate' | 'log' | 'inspect' | 'server-name';

const STRENGTH: Readonly<Record<AddressBasis, number>> = { certificate: 3, log: 2, inspect: 1, 'server-name': 0 };

interface Claim {
  readonly at: Instant;
  readonly node: string;
  readonly basis: AddressBasis;
  /** Docker was asked at this moment and said so; null: nobody knows when, so it may be the end. */
  readonly confirmedAt: Instant | null;
}

/**
 * Which node held an address when. Addresses move between containers during a recording, so an address is resolved by the last
 * claim before the asked moment, else by the first after it. Docker's word about a run that began at its `at` falls where a later
 * claim from the wire or a log names another node before Docker was asked, or, where nobody knows when that was, at all; an unconfirmed name counts only where nothing else speaks.
 */
export class AddressBook {
  readonly #claims = new Map<string, Claim[]>();
  readonly #decisive = new Map<string, readonly Claim[]>();

  add(address: string, node: string, at: Instant, basis: AddressBasis, confirmedAt: Instant | null = null): void {
    this.#decisive.delete(address);
    const claims = this.#claims.get(address);
    const claim = { at, node, basis, confirmedAt };
    if (claims === undefined) this.#claims.set(address, [claim]);
    else if (claims.length < MAX_CLAIMS_PER_ADDRESS) claims.push(claim);
  }

  /** The node that held `address` at `at`, or null when nothing says. */
  resolve(address: string, at: Instant): string | null {
    const claims = this.#decisiveClaimsOf(address);
    let [low, high] = [0, claims.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((claims[middle] as Claim).at > at + SAME_MOMENT_MICROS) high = middle;
      else low = middle + 1;
    }
    return (claims[low - 1] ?? claims[0])?.node ?? null;
  }

  /** Every address a node held, sorted. */
  addressesOf(node: string): readonly string[] {
    return [...this.#claims.keys()].filter((address) => this.#decisiveClaimsOf(address).some((c) => c.node === node)).sort();
  }

  /** The claims on `address` that count, by time, each that names another node than the one before; of two at one time the stronger is last. */
  #decisiveClaimsOf(address: string): readonly Claim[] {
    const known = this.#decisive.get(address);
    if (known !== undefined) return known;
    const all = this.#claims.get(address) ?? [];
    const strong = all.filter((c) => STRENGTH[c.basis] >= STRENGTH.log);
    const told = all.filter((c) => c.basis === 'inspect' && !strong.some((s) => contradicts(s, c)));
    const counting = strong.length + told.length > 0 ? [...strong, ...told] : all;
    const sorted = [...counting].sort((a, b) => a.at - b.at || STRENGTH[a.basis] - STRENGTH[b.basis] || (a.node < b.node ? -1 : 1));
    const changes = sorted.filter((c, i) => i === 0 || c.node !== (sorted[i - 1] as Claim).node);
    this.#decisive.set(address, changes);
    return changes;
  }
}

/** Whether `strong` shows that Docker's word `told` was not about its own time. */
const contradicts = (strong: Claim, told: Claim): boolean =>
  strong.at >= told.at && strong.node !== told.node && (told.confirmedAt === null || strong.at <= told.confirmedAt);

/** A handshake and the claim made from it are this near at most. */
const SAME_MOMENT_MICROS = 1_000_000;

/** More connections of one address than a capture may hold. */
const MAX_CLAIMS_PER_ADDRESS = 200_000;
