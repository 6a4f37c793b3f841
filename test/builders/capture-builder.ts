/** A self-signed certificate: CN=node.example, O=Example Org, OU=peer; names node.example, alias, 10.1.2.3 and 2001:db8::7. */
const CERTIFICATE_BASE64 =
  'MIICIDCCAcegAwIBAgIUJ2TK/uwED41fh7vWc07ocbS6riAwCgYIKoZIzj0EAwIwSTELMAkGA1UEBhMCVVMxFDASBgNVBAoMC0V4YW1wbGUgT3JnMQ0wCwYDVQQLDARwZWVyMRUwEwYDVQQDDAxub2RlLmV4YW1wbGUwHhcNMjYxMTIyMTkzMTQwWhcNMzYxMTE5MTkzMTQwWjBJMQswCQYDVQQGEwJVUzEUMBIGA1UECgwLRXhhbXBsZSBPcmcxDTALBgNVBAsMBHBlZXIxFTATBgNVBAMMDG5vZGUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDpqwqVgpek+Rl1zcjnZOcJh1RBtjCts9+je2UcZ4rOz4kmQBj4hL/thXoZ+ZvTzusDcuhZQL4f81orqxed7FvCjgYwwgYkwHQYDVR0OBBYEFDX8U3g3Ro2wSsa6PC994X+KuQRzMB8GA1UdIwQYMBaAFDX8U3g3Ro2wSsa6PC994X+KuQRzMA8GA1UdEwEB/wQFMAMBAf8wNgYDVR0RBC8wLYIMbm9kZS5leGFtcGxlggVhbGlhc4cECgECA4cQIAENuAAAAAAAAAAAAAAABzAKBggqhkjOPQQDAgNHADBEAiAS6sN24ERt04RMP4FDvBAc9/mt1fjT4Yp8KOrLkpZY9gIgCm2PCdVGdfc4OZqS3LXSurhUaB7yIfq1HsALEgSMTJQ=';

export const CERTIFICATE_DER: Uint8Array = Buffer.from(CERTIFICATE_BASE64, 'base64');

/** Seconds since the epoch that built captures begin at. */
export const CAPTURE_START_SECONDS = 1_700_000_000;

const SYN = 2;
const ACK = 16;
const FIN = 1;
const RST = 4;
export const TCP_FLAGS = { FIN, SYN, RST, ACK } as const;

/** A frame to be written: nanoseconds after {@link CAPTURE_START_SECONDS}, bytes, and how long it was when the capture cut it. */
export interface BuiltFrame {
  readonly nanos: number;
  readonly bytes: Uint8Array;
  readonly wireLength?: number;
  readonly interfaceId?: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface BuiltSegment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly acknowledgment?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
  readonly identification?: number;
  /** Extension headers of IPv6: hop-by-hop options and destination options. */
  readonly extensions?: boolean;
}

export function bytesOf(...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

export function u24(value: number): number[] {
  return [(value >>> 16) & 255, ...u16(value)];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}

/** `value` in the order asked for. */
function ordered(bytes: readonly number[], bigEndian: boolean): number[] {
  return bigEndian ? [...bytes] : [...bytes].reverse();
}

function addressBytes(address: string): number[] {
  if (address.includes('.')) return address.split('.').map(Number);
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').flatMap((group) => u16(Number.parseInt(group, 16))));
  const [first, last] = [groups(head), groups(tail)];
  return address.includes('::') ? [...first, ...new Array(16 - first.length - last.length).fill(0), ...last] : first;
}

/** A TCP header with its payload; the checksum is wrong, as with checksum offload. */
export function tcpBytes(segment: BuiltSegment): Uint8Array {
  const header = [...u16(segment.from.port), ...u16(segment.to.port), ...u32(segment.sequence), ...u32(segment.acknowledgment ?? 0)];
  return bytesOf([...header, 0x50, segment.flags ?? ACK, 0xff, 0xff, 0xde, 0xad, 0, 0], segment.payload ?? []);
}

/** An IPv4 packet; with `fragment`, the part of the datagram that begins at this offset. */
export function ipv4Bytes(
  from: string,
  to: string,
  protocol: number,
  body: Uint8Array,
  options: {
    readonly identification?: number;
    readonly fragment?: { readonly offset: number; readonly more: boolean };
    readonly zeroLength?: boolean;
  } = {},
): Uint8Array {
  const field = options.fragment === undefined ? 0x4000 : (options.fragment.more ? 0x2000 : 0) | (options.fragment.offset / 8);
  const length = options.zeroLength === true ? 0 : 20 + body.length;
  const head = [0x45, 0, ...u16(length), ...u16(options.identification ?? 0), ...u16(field), 64, protocol, 0, 0];
  return bytesOf([...head, ...addressBytes(from), ...addressBytes(to)], body);
}

/** An IPv6 packet whose payload begins with the header of type `next`. */
export function ipv6Bytes(from: string, to: string, next: number, body: Uint8Array): Uint8Array {
  return bytesOf([0x60, 0, 0, 0, ...u16(body.length), next, 64, ...addressBytes(from), ...addressBytes(to)], body);
}

/** The IP packet that carries `segment`, IPv4 or IPv6 as its addresses are. */
export function ipPacket(segment: BuiltSegment): Uint8Array {
  const tcp = tcpBytes(segment);
  const { address: from } = segment.from;
  const { address: to } = segment.to;
  if (from.includes('.')) return ipv4Bytes(from, to, 6, tcp, { identification: segment.identification ?? 0 });
  if (segment.extensions !== true) return ipv6Bytes(from, to, 6, tcp);
  return ipv6Bytes(from, to, 0, bytesOf([60, 0, 1, 4, 0, 0, 0, 0], [6, 1, 1, 12, ...new Array(12).fill(0)], tcp));
}

const etherTypeOf = (ip: Uint8Array): number[] => ((ip[0] as number) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00]);

export function ethernet(ip: Uint8Array, vlanTypes: readonly number[] = []): Uint8Array {
  const tags = vlanTypes.flatMap((type) => [...u16(type), 0, 7]);
  return bytesOf([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], tags, etherTypeOf(ip), ip);
}

export function cookedV1(ip: Uint8Array): Uint8Array {
  return bytesOf([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], etherTypeOf(ip), ip);
}

export function cookedV2(ip: Uint8Array, interfaceIndex = 1): Uint8Array {
  return bytesOf(etherTypeOf(ip), [0, 0, ...u32(interfaceIndex), 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], ip);
}

export function loopback(ip: Uint8Array, family: number, bigEndian: boolean): Uint8Array {
  return bytesOf(ordered(u32(family), bigEndian), ip);
}

export interface PcapOptions {
  readonly bigEndian?: boolean;
  readonly nanos?: boolean;
  readonly linkType?: number;
  readonly snapLength?: number;
}

/** A classic capture file. */
export function pcapFile(frames: readonly BuiltFrame[], options: PcapOptions = {}): Uint8Array {
  const bigEndian = options.bigEndian ?? false;
  const n16 = (value: number): number[] => ordered(u16(value), bigEndian);
  const n32 = (value: number): number[] => ordered(u32(value), bigEndian);
  const snapLength = options.snapLength ?? 262_144;
  const magic = options.nanos === true ? 0xa1b23c4d : 0xa1b2c3d4;
  const parts: Uint8Array[] = [bytesOf(n32(magic), n16(2), n16(4), n32(0), n32(0), n32(snapLength), n32(options.linkType ?? 1))];
  for (const frame of frames) {
    const captured = frame.bytes.subarray(0, snapLength);
    const fraction = options.nanos === true ? frame.nanos % 1e9 : Math.floor((frame.nanos % 1e9) / 1000);
    const seconds = CAPTURE_START_SECONDS + Math.floor(frame.nanos / 1e9);
    parts.push(bytesOf(n32(seconds), n32(fraction), n32(captured.length), n32(frame.wireLength ?? frame.bytes.length), captured));
  }
  return bytesOf(...parts);
}

/** Writes the blocks of pcapng in one byte order. */
export function pcapngBlocks(bigEndian: boolean) {
  const n16 = (value: number): number[] => ordered(u16(value), bigEndian);
  const n32 = (value: number): number[] => ordered(u32(value), bigEndian);
  const n64 = (value: bigint): number[] => {
    const [high, low] = [n32(Number(BigInt.asUintN(64, value) >> 32n)), n32(Number(BigInt.asUintN(32, value)))];
    return bigEndian ? [...high, ...low] : [...low, ...high];
  };
  const padded = (bytes: Uint8Array | readonly number[]): Uint8Array => bytesOf(bytes, new Array((4 - (bytes.length % 4)) % 4).fill(0));
  const block = (type: number, body: Uint8Array): Uint8Array => bytesOf(n32(type), n32(12 + body.length), body, n32(12 + body.length));
  const option = (code: number, value: readonly number[]): Uint8Array => bytesOf(n16(code), n16(value.length), padded(value));
  const end = [0, 0, 0, 0];
  /** The two halves of a tick count, the higher first. */
  const ticks = (count: bigint): number[] => [...n32(Number(count >> 32n)), ...n32(Number(count & 0xffffffffn))];
  return {
    block,
    section: (): Uint8Array => block(0x0a0d0d0a, bytesOf(n32(0x1a2b3c4d), n16(1), n16(0), n64(-1n))),
    interface: (
      linkType: number,
      options: { readonly resolution?: number; readonly offsetSeconds?: bigint; readonly snapLength?: number } = {},
    ): Uint8Array =>
      block(
        1,
        bytesOf(
          n16(linkType),
          [0, 0],
          n32(options.snapLength ?? 0),
          options.resolution === undefined ? [] : option(9, [options.resolution]),
          options.offsetSeconds === undefined ? [] : option(14, n64(options.offsetSeconds)),
          end,
        ),
      ),
    enhanced: (interfaceId: number, count: bigint, bytes: Uint8Array, wireLength = bytes.length): Uint8Array =>
      block(6, bytesOf(n32(interfaceId), ticks(count), n32(bytes.length), n32(wireLength), padded(bytes))),
    obsolete: (interfaceId: number, count: bigint, bytes: Uint8Array): Uint8Array =>
      block(2, bytesOf(n16(interfaceId), n16(0xffff), ticks(count), n32(bytes.length), n32(bytes.length), padded(bytes))),
    simple: (bytes: Uint8Array): Uint8Array => block(3, bytesOf(n32(bytes.length), padded(bytes))),
    statistics: (interfaceId: number, drops: bigint, systemDrops?: bigint): Uint8Array =>
      block(5, bytesOf(n32(interfaceId), ticks(0n), option(5, n64(drops)), systemDrops === undefined ? [] : option(7, n64(systemDrops)), end)),
  };
}

/** A TLS record. */
export function tlsRecord(type: number, body: Uint8Array | readonly number[], version = 0x0303): Uint8Array {
  return bytesOf([type, ...u16(version), ...u16(body.length)], body);
}

/** A record of application data: `length` bytes that look random. */
export function applicationRecord(length: number): Uint8Array {
  return tlsRecord(
    23,
    Array.from({ length }, (_, i) => (i * 167 + 91) & 255),
  );
}

export function handshakeMessage(type: number, body: Uint8Array | readonly number[]): Uint8Array {
  return bytesOf([type, ...u24(body.length)], body);
}

const extension = (type: number, body: readonly number[]): number[] => [...u16(type), ...u16(body.length), ...body];

/** A ClientHello's handshake message. */
export function clientHello(
  options: { readonly serverName?: string; readonly alpn?: string; readonly versions?: readonly number[] } = {},
): Uint8Array {
  const name = [...Buffer.from(options.serverName ?? '')];
  const alpn = [...Buffer.from(options.alpn ?? '')];
  const extensions = [
    ...(name.length === 0 ? [] : extension(0, [...u16(name.length + 3), 0, ...u16(name.length), ...name])),
    ...(alpn.length === 0 ? [] : extension(16, [...u16(alpn.length + 1), alpn.length, ...alpn])),
    ...(options.versions === undefined ? [] : extension(43, [2 * options.versions.length, ...options.versions.flatMap(u16)])),
  ];
  return handshakeMessage(1, [3, 3, ...new Array(32).fill(7), 0, 0, 2, 0xc0, 0x2b, 1, 0, ...u16(extensions.length), ...extensions]);
}

/** A ServerHello's handshake message; under 1.3 with `supported_versions`. */
export function serverHello(options: { readonly version: '1.2' | '1.3'; readonly alpn?: string }): Uint8Array {
  const alpn = [...Buffer.from(options.alpn ?? '')];
  const extensions = [
    ...(options.version === '1.3' ? extension(43, [3, 4]) : []),
    ...(alpn.length === 0 ? [] : extension(16, [...u16(alpn.length + 1), alpn.length, ...alpn])),
  ];
  return handshakeMessage(2, [3, 3, ...new Array(32).fill(9), 0, 0xc0, 0x2b, 0, ...u16(extensions.length), ...extensions]);
}

/** A TLS 1.2 Certificate message. */
export function certificateMessage(...certificates: readonly Uint8Array[]): Uint8Array {
  const list = bytesOf(...certificates.map((der) => bytesOf(u24(der.length), der)));
  return handshakeMessage(11, bytesOf(u24(list.length), list));
}

export const CLIENT: Endpoint = { address: '10.0.0.1', port: 40_000 };
export const SERVER: Endpoint = { address: '10.0.0.2', port: 7000 };

/** A TCP conversation written packet by packet: keeps both sides' sequence numbers, and a clock that goes on by `stepNanos` a packet. */
export class Talk {
  readonly packets: { readonly nanos: number; readonly ip: Uint8Array }[] = [];
  readonly client: Endpoint;
  readonly server: Endpoint;
  stepNanos = 100_000;
  nanos = 0;
  readonly #next: { client: number; server: number };
  #identification = 1;

  constructor(options: { readonly client?: Endpoint; readonly server?: Endpoint; readonly initialSequence?: number; readonly nanos?: number } = {}) {
    this.client = options.client ?? CLIENT;
    this.server = options.server ?? SERVER;
    this.nanos = options.nanos ?? 0;
    const start = options.initialSequence ?? 1000;
    this.#next = { client: start, server: (start + 0x10000) >>> 0 };
  }

  /** The sequence number that `side` sends next. */
  sequenceOf(side: 'client' | 'server'): number {
    return this.#next[side];
  }

  /** One packet; its payload and flags move the sender's sequence number on, unless `sequence` says where it lies. */
  packet(
    side: 'client' | 'server',
    flags: number,
    payload: Uint8Array = bytesOf(),
    options: { readonly sequence?: number; readonly identification?: number } = {},
  ): this {
    const other = side === 'client' ? 'server' : 'client';
    const sequence = options.sequence ?? this.#next[side];
    const segment: BuiltSegment = {
      from: this[side],
      to: this[other],
      sequence,
      acknowledgment: (flags & ACK) === 0 ? 0 : this.#next[other],
      flags,
      payload,
      identification: options.identification ?? this.#identification++,
    };
    this.packets.push({ nanos: this.nanos, ip: ipPacket(segment) });
    this.nanos += this.stepNanos;
    if (options.sequence === undefined) {
      this.#next[side] = (sequence + payload.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
    }
    return this;
  }

  open(): this {
    return this.packet('client', SYN)
      .packet('server', SYN | ACK)
      .packet('client', ACK);
  }

  send(side: 'client' | 'server', payload: Uint8Array, options: { readonly sequence?: number; readonly identification?: number } = {}): this {
    return this.packet(side, ACK, payload, options);
  }

  /** Moves on without a packet in the capture. */
  lose(side: 'client' | 'server', bytes: number): this {
    this.#next[side] = (this.#next[side] + bytes) >>> 0;
    return this;
  }

  wait(micros: number): this {
    this.nanos += micros * 1000;
    return this;
  }

  close(): this {
    return this.packet('client', FIN | ACK)
      .wait(5000)
      .packet('server', FIN | ACK)
      .packet('client', ACK);
  }

  /** A TLS 1.2 handshake in which both sides show {@link CERTIFICATE_DER}. */
  handshake12(serverName: string): this {
    const flight = bytesOf(
      serverHello({ version: '1.2', alpn: 'h2' }),
      certificateMessage(CERTIFICATE_DER),
      handshakeMessage(13, [1, 64, 0, 2, 4, 3, 0, 0]),
      handshakeMessage(14, []),
    );
    return this.send('client', tlsRecord(22, clientHello({ serverName, alpn: 'h2' }), 0x0301))
      .send('server', tlsRecord(22, flight))
      .send(
        'client',
        bytesOf(
          tlsRecord(22, certificateMessage(CERTIFICATE_DER)),
          tlsRecord(22, handshakeMessage(16, [1, 2, 3])),
          tlsRecord(20, [1]),
          tlsRecord(22, new Array(40).fill(0xee)),
        ),
      )
      .send('server', bytesOf(tlsRecord(20, [1]), tlsRecord(22, new Array(40).fill(0xee))));
  }

  /** The packets as frames of a link. */
  frames(link: (ip: Uint8Array) => Uint8Array = ethernet): BuiltFrame[] {
    return this.packets.map(({ nanos, ip }) => ({ nanos, bytes: link(ip) }));
  }

  /** The packets as a classic Ethernet capture. */
  file(options: PcapOptions = {}): Uint8Array {
    return pcapFile(this.frames(), options);
  }
}
