const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const MAX_BLOCK_BYTES = 32 << 20;

/**
 * Options that hold numbers which a reader needs, by block type (draft-ietf-opsawg-pcapng §4): time resolution and offset, flags and drop counts, statistics.
 * All others may hold text: names of interfaces, of the machine, comments.
 */
const PLAIN_OPTIONS: ReadonlyMap<number, readonly number[]> = new Map([
  [INTERFACE_DESCRIPTION, [9, 14]],
  [INTERFACE_STATISTICS, [2, 3, 4, 5, 6, 7, 8]],
  [ENHANCED_PACKET, [2, 4]],
  [PACKET, [2]],
]);

/**
 * Empties whatever a pcapng file holds beside its packets: option texts, name resolution, secrets, blocks it does not know. Sizes stay. Packet data passes.
 * Where the file does not read as blocks any more, the rest of it becomes zero.
 */
export class PcapngScrubber {
  #carry = new Uint8Array(0);
  #littleEndian = true;
  #lost = false;

  /** Takes the next bytes of the file, which may be changed, and returns what is finished. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#lost) return chunk.fill(0);
    const data = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    let at = 0;
    while (at + 12 <= data.length) {
      const view = new DataView(data.buffer, data.byteOffset + at, data.length - at);
      if (view.getUint32(0) === SECTION_HEADER) {
        this.#littleEndian = view.getUint32(8, true) === BYTE_ORDER_MAGIC;
        if (!this.#littleEndian && view.getUint32(8) !== BYTE_ORDER_MAGIC) return this.#give(data, at);
      }
      const length = view.getUint32(4, this.#littleEndian);
      if (length < 12 || length % 4 !== 0 || length > MAX_BLOCK_BYTES) return this.#give(data, at);
      if (at + length > data.length) break;
      this.#scrub(data.subarray(at, at + length), view.getUint32(0, this.#littleEndian));
      at += length;
    }
    this.#carry = data.slice(at);
    return data.subarray(0, at);
  }

  /** Returns what is left: a block of which the end is missing keeps its header only. */
  end(): Uint8Array {
    const rest = this.#carry;
    rest.fill(0, 8);
    this.#carry = new Uint8Array(0);
    return rest;
  }

  #give(data: Uint8Array, lostAt: number): Uint8Array {
    this.#lost = true;
    this.#carry = new Uint8Array(0);
    data.fill(0, lostAt);
    return data;
  }

  #scrub(block: Uint8Array, type: number): void {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const end = block.length - 4;
    const afterData = (lengthAt: number, dataAt: number): number => dataAt + Math.ceil(view.getUint32(lengthAt, this.#littleEndian) / 4) * 4;
    if (type === SIMPLE_PACKET) return;
    if (type === ENHANCED_PACKET || type === PACKET) this.#scrubOptions(block, view, type, end < 28 ? end : afterData(20, 28), end);
    else if (type === SECTION_HEADER) this.#scrubOptions(block, view, type, 24, end);
    else if (type === INTERFACE_DESCRIPTION) this.#scrubOptions(block, view, type, 16, end);
    else if (type === INTERFACE_STATISTICS) this.#scrubOptions(block, view, type, 20, end);
    else block.fill(0, 8, end);
  }

  #scrubOptions(block: Uint8Array, view: DataView, type: number, start: number, end: number): void {
    let at = start;
    while (at + 4 <= end) {
      const code = view.getUint16(at, this.#littleEndian);
      const next = at + 4 + Math.ceil(view.getUint16(at + 2, this.#littleEndian) / 4) * 4;
      if (PLAIN_OPTIONS.get(type)?.includes(code) !== true) block.fill(0, at + 4, Math.min(next, end));
      at = next;
    }
    if (at < end) block.fill(0, Math.max(at, 8), end);
  }
}
