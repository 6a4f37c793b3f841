import { u8, u16be, u24be } from './byte-order.js';

/** Handshake message types (RFC 8446 §4, RFC 5246 §7.4). */
export const CLIENT_HELLO = 1;
export const SERVER_HELLO = 2;
export const CERTIFICATE = 11;
export const SERVER_KEY_EXCHANGE = 12;
export const CERTIFICATE_REQUEST = 13;
export const SERVER_HELLO_DONE = 14;
export const CERTIFICATE_VERIFY = 15;
export const CLIENT_KEY_EXCHANGE = 16;

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;

const HOST_NAME = 0;
const MAX_NAME_BYTES = 255;

export interface ClientHello {
  readonly serverName: string | null;
  readonly alpn: readonly string[];
  /** Highest version offered, as on the wire: 0x0303 is 1.2, 0x0304 is 1.3. */
  readonly highestVersion: number;
}

export interface ServerHello {
  readonly version: number;
  readonly alpn: string | null;
}

/** Printable text of `data` from `start` to `end`; anything else in a name is replaced. */
function nameText(data: Uint8Array, start: number, end: number): string {
  // In one piece: added up character by character it would take the engine thirty times the memory, for every connection.
  const text = Buffer.from(data.buffer, data.byteOffset + start, Math.min(end - start, MAX_NAME_BYTES)).toString('latin1');
  return text.replace(/[^\x21-\x7e]/g, '?');
}

/** Calls `visit` for each extension of the list at `at`, as long as they lie within `end`. */
function eachExtension(data: Uint8Array, at: number, end: number, visit: (type: number, start: number, end: number) => void): void {
  if (at + 2 > end) return;
  const listEnd = Math.min(end, at + 2 + u16be(data, at));
  let next = at + 2;
  while (next + 4 <= listEnd) {
    const start = next + 4;
    next = start + u16be(data, next + 2);
    if (next > listEnd) return;
    visit(u16be(data, start - 4), start, next);
  }
}

/** RFC 6066 §3. */
function serverNameOf(data: Uint8Array, start: number, end: number): string | null {
  let at = start + 2;
  while (at + 3 <= end) {
    const length = u16be(data, at + 1);
    if (at + 3 + length > end) return null;
    if (u8(data, at) === HOST_NAME && length > 0) return nameText(data, at + 3, at + 3 + length);
    at += 3 + length;
  }
  return null;
}

/** RFC 7301 §3.1. */
function protocolsOf(data: Uint8Array, start: number, end: number): readonly string[] {
  const protocols: string[] = [];
  let at = start + 2;
  while (at < end) {
    const length = u8(data, at);
    if (length === 0 || at + 1 + length > end) break;
    protocols.push(nameText(data, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return protocols;
}

/** The ClientHello whose body (after the four-byte message header) lies from `start` to `end`, or null (RFC 8446 §4.1.2). */
export function readClientHello(data: Uint8Array, start: number, end: number): ClientHello | null {
  // Version, random, session.
  let at = start + 34;
  if (at + 1 > end) return null;
  at += 1 + u8(data, at);
  if (at + 2 > end) return null;
  at += 2 + u16be(data, at); // Cipher suites.
  if (at + 1 > end) return null;
  at += 1 + u8(data, at); // Compression methods.
  if (at > end) return null;
  let serverName: string | null = null;
  let alpn: readonly string[] = [];
  let highestVersion = u16be(data, start);
  eachExtension(data, at, end, (type, from, to) => {
    if (type === EXTENSION_SERVER_NAME) serverName = serverNameOf(data, from, to);
    else if (type === EXTENSION_ALPN) alpn = protocolsOf(data, from, to);
    else if (type === EXTENSION_SUPPORTED_VERSIONS) {
      for (let version = from + 1; version + 2 <= to; version += 2) {
        const offered = u16be(data, version);
        // Values such as 0x0a0a are GREASE (RFC 8701).
        if (offered <= 0x0304) highestVersion = Math.max(highestVersion, offered);
      }
    }
  });
  return { serverName, alpn, highestVersion };
}

/** The ServerHello whose body lies from `start` to `end`, or null; `supported_versions` overrides the version field (RFC 8446 §4.2.1). */
export function readServerHello(data: Uint8Array, start: number, end: number): ServerHello | null {
  let at = start + 34;
  if (at + 1 > end) return null;
  at += 1 + u8(data, at) + 3; // Session, cipher suite, compression method.
  if (at > end) return null;
  let version = u16be(data, start);
  let alpn: string | null = null;
  eachExtension(data, at, end, (type, from, to) => {
    if (type === EXTENSION_SUPPORTED_VERSIONS && to - from === 2) version = u16be(data, from);
    else if (type === EXTENSION_ALPN) alpn = protocolsOf(data, from, to)[0] ?? null;
  });
  return { version, alpn };
}

/** The leaf's DER of a TLS 1.2 Certificate message whose body lies from `start` to `end`; null for an empty list (RFC 5246 §7.4.2). */
export function readLeafCertificate(data: Uint8Array, start: number, end: number): Uint8Array | null {
  if (start + 6 > end) return null;
  const length = u24be(data, start + 3);
  if (length === 0 || start + 6 + length > end) return null;
  return data.subarray(start + 6, start + 6 + length);
}
