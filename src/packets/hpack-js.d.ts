/** The package has no types; this is what of it is used here. All of it throws on malformed input. */
declare module 'hpack.js' {
  export interface TableEntry {
    readonly name: string;
    readonly value: string;
    /** Length of the name in octets. */
    readonly nameSize: number;
  }

  /** Static and dynamic table of one direction (RFC 7541 §2.3). Indices count from the newest entry. */
  export interface HeaderFieldTable {
    lookup(index: number): TableEntry;
    add(name: string, value: string, nameSize: number, valueSize: number): void;
    updateSize(bytes: number): void;
  }

  /** Reads the primitives of RFC 7541 §5 out of what was pushed. */
  export interface PrimitiveDecoder {
    push(chunk: Buffer): void;
    isEmpty(): boolean;
    decodeBit(): 0 | 1;
    decodeInt(): number;
    decodeStr(): ArrayLike<number>;
  }

  const hpack: {
    readonly decoder: { create(): PrimitiveDecoder };
    readonly table: { create(options: { readonly maxSize: number }): HeaderFieldTable };
  };

  // biome-ignore lint/style/noDefaultExport: what the package exports is what CommonJS assigns, a default to ES modules
  export default hpack;
}
