import hpack, { type HeaderFieldTable, type PrimitiveDecoder } from 'hpack.js';

/** A field of a header block. What stood in a part of the table that is not known is null. */
export interface HeaderField {
  readonly name: string | null;
  readonly value: string | null;
}

/** SETTINGS_HEADER_TABLE_SIZE's initial value (RFC 9113 §6.5.2); gRPC's Go implementation leaves it so. */
const TABLE_BYTES = 4096;
const STATIC_ENTRIES = 61;
/** Stands in the dynamic table for a field of which not even the name is known. No field has an empty name (RFC 9110 §5.1). */
const UNKNOWN = '';
/** One octet of a block gives at most one field; so many are more than any call has. */
const MAX_FIELDS = 256;

/**
 * The header table of one direction (RFC 7541). Where the capture does not hold the direction from its start on, older entries are unknown. Those added since are
 * known all the same, since indices count from the newest; whoever refers to an older one gets null instead of another field's value.
 */
export class HeaderTable {
  #table: HeaderFieldTable;
  /** Whether every block since the connection's start was read. */
  #isWhole: boolean;

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
    this.#table = hpack.table.create({ maxSize: TABLE_BYTES });
  }

  /** Blocks may be missing: what the table holds is not known any more. */
  forget(): void {
    this.#isWhole = false;
    this.#table = hpack.table.create({ maxSize: TABLE_BYTES });
  }

  /** Returns the fields of a block, or null when it is malformed: then the table is unknown from here on. */
  decode(block: Uint8Array): readonly HeaderField[] | null {
    const decoder = hpack.decoder.create();
    decoder.push(Buffer.from(block));
    const fields: HeaderField[] = [];
    try {
      while (!decoder.isEmpty()) {
        if (fields.length >= MAX_FIELDS) throw new Error('too many fields');
        this.#decodeField(decoder, fields);
      }
      return fields;
    } catch {
      // hpack.js throws plain errors on every kind of malformed input; a table that refused an index is no better than none.
      this.forget();
      return null;
    }
  }

  /** One representation (RFC 7541 §6). */
  #decodeField(decoder: PrimitiveDecoder, fields: HeaderField[]): void {
    if (decoder.decodeBit() === 1) {
      fields.push(this.#lookup(decoder.decodeInt()));
      return;
    }
    const isIndexed = decoder.decodeBit() === 1;
    if (!isIndexed) {
      if (decoder.decodeBit() === 1) {
        this.#table.updateSize(decoder.decodeInt());
        return;
      }
      decoder.decodeBit(); // Never indexed: matters to who passes it on.
    }
    const index = decoder.decodeInt();
    const name = index === 0 ? latin1(decoder.decodeStr()) : this.#lookup(index).name;
    const value = latin1(decoder.decodeStr());
    if (isIndexed) this.#table.add(name ?? UNKNOWN, value, name?.length ?? 0, value.length);
    fields.push({ name, value });
  }

  #lookup(index: number): HeaderField {
    if (index <= STATIC_ENTRIES || this.#isWhole) return this.#known(index);
    try {
      return this.#known(index);
    } catch {
      // Older than what was seen of the table ("Indexed field OOB").
      return { name: null, value: null };
    }
  }

  #known(index: number): HeaderField {
    const { name, value } = this.#table.lookup(index);
    return name === UNKNOWN ? { name: null, value } : { name, value };
  }
}

/** Octets of a field: ASCII in all of gRPC's (RFC 9110 §5.5 has no more than that either). */
function latin1(octets: ArrayLike<number>): string {
  return Buffer.from(octets as Uint8Array).toString('latin1');
}
