declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  interface PacketHeader {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  }

  /** Emits `packet` for every packet, then `end`; or `error`. */
  function parse(input: string | Readable): EventEmitter;

  const api: { readonly parse: typeof parse };

  export type { PacketHeader };
  export default api;
}
