import type { Dissection } from './dissection.js';

/** Copies of one packet reach a host's interfaces (and so the capture) within its own processing time; TCP retransmits later than this. */
const REPETITION_WINDOW_MICROS = 10_000;
const REMEMBERED = 16;
const FIELDS = 6;

/**
 * Tells the second sight of a packet from a retransmission, for one direction of one connection. A capture on all interfaces of a Docker host (`-i any`,
 * or several interfaces in one pcapng) sees a packet on its way through: at the container's veth, at the bridge, at the other veth. All these copies have
 * the same sequence number, acknowledgment, flags, length, options and IPv4 identification. A retransmission is a new IP packet: Linux gives it another
 * identification, and another time stamp option; where neither is there (IPv6, or identification 0), it still comes after a retransmission timeout.
 */
export class RepeatedPackets {
  readonly #fields = new Int32Array(REMEMBERED * FIELDS);
  readonly #micros = new Float64Array(REMEMBERED).fill(Number.NEGATIVE_INFINITY);
  /** The interface the packet was first seen at. */
  readonly #interfaces = new Int32Array(REMEMBERED);
  #next = 0;

  /**
   * Whether the packet in `view` was seen just before; if not, it is remembered.
   * With `anyInterface` (Linux cooked captures, where one link covers all) the copy may come from the same interface.
   */
  isRepetition(view: Dissection, optionsDigest: number, micros: number, interfaceIndex: number, anyInterface: boolean): boolean {
    const fields = this.#fields;
    for (let i = 0; i < REMEMBERED; i++) {
      const at = i * FIELDS;
      if (
        fields[at] === view.sequence &&
        fields[at + 1] === view.acknowledgment &&
        fields[at + 2] === view.flags &&
        fields[at + 3] === view.payloadLength &&
        fields[at + 4] === view.identification &&
        fields[at + 5] === optionsDigest &&
        Math.abs(micros - (this.#micros[i] as number)) <= REPETITION_WINDOW_MICROS &&
        (anyInterface || this.#interfaces[i] !== interfaceIndex)
      ) {
        return true;
      }
    }
    const at = this.#next * FIELDS;
    fields[at] = view.sequence;
    fields[at + 1] = view.acknowledgment;
    fields[at + 2] = view.flags;
    fields[at + 3] = view.payloadLength;
    fields[at + 4] = view.identification;
    fields[at + 5] = optionsDigest;
    this.#micros[this.#next] = micros;
    this.#interfaces[this.#next] = interfaceIndex;
    this.#next = (this.#next + 1) % REMEMBERED;
    return false;
  }
}
