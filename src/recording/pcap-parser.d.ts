/** The package has no types; this is what of it is used here. */
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  export interface PacketHeader {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  }

  /** Emits `packetHeader` for every packet, before its data has come, and `packet` when it has; then `end`; or `error`. */
  export function parse(input: string | Readable): EventEmitter;
}
