/** Integers out of bytes by hand: a DataView per chunk costs more than these, which the engine inlines. Callers check the bounds. */

export function u8(data: Uint8Array, at: number): number {
  return data[at] as number;
}

export function u16be(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 8) | (data[at + 1] as number);
}

export function u16le(data: Uint8Array, at: number): number {
  return (data[at] as number) | ((data[at + 1] as number) << 8);
}

export function u24be(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 16) | ((data[at + 1] as number) << 8) | (data[at + 2] as number);
}

/** 32 bits as a signed number: what sequence numbers and addresses are kept as, since it never leaves the small-integer range. */
export function i32be(data: Uint8Array, at: number): number {
  return ((data[at] as number) << 24) | ((data[at + 1] as number) << 16) | ((data[at + 2] as number) << 8) | (data[at + 3] as number);
}

export function u32be(data: Uint8Array, at: number): number {
  return i32be(data, at) >>> 0;
}

export function u32le(data: Uint8Array, at: number): number {
  return (((data[at + 3] as number) << 24) | ((data[at + 2] as number) << 16) | ((data[at + 1] as number) << 8) | (data[at] as number)) >>> 0;
}

export function u16(data: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian ? u16le(data, at) : u16be(data, at);
}

export function u32(data: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian ? u32le(data, at) : u32be(data, at);
}

/**
 * `value` itself, as a small integer where it is one. A number that was calculated with, or kept among doubles, is one object more in every record it is
 * put into; across the hundreds of thousands of records of a large capture that is most of their memory.
 */
export function unboxed(value: number): number {
  const integer = value | 0;
  return integer === value ? integer : value;
}
