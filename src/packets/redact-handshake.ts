import { u8, u16be, u24be } from './byte-order.js';
import { type PacketPseudonyms, redactCertificate } from './redact-certificate.js';
import { CERTIFICATE, CERTIFICATE_REQUEST, CLIENT_HELLO, SERVER_HELLO, SERVER_HELLO_DONE } from './tls-handshake.js';

const HEADER_BYTES = 4;
const RANDOM_BYTES = 32;
const SERVER_NAME = 0;
/**
 * Extensions that say nothing of who speaks and stay as they are (IANA, TLS ExtensionType Values): supported_groups, ec_point_formats, signature_algorithms,
 * ALPN, extended_master_secret, supported_versions, psk_key_exchange_modes.
 */
const PLAIN_EXTENSIONS: ReadonlySet<number> = new Set([10, 11, 13, 16, 23, 43, 45]);
/** The random that makes a ServerHello a HelloRetryRequest (RFC 8446 §4.1.3) has to stay. */
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

/**
 * Rewrites in place a TLS handshake message, header included, of which `message` may hold only the beginning. Types and lengths stay; server name and
 * certificates are replaced; randoms, sessions, keys, signatures, tickets and all that is not understood become zero (RFC 8446 §4, RFC 5246 §7.4).
 */
export function redactHandshakeMessage(message: Uint8Array, names: PacketPseudonyms): void {
  if (message.length <= HEADER_BYTES) return;
  const body = message.subarray(HEADER_BYTES);
  switch (u8(message, 0)) {
    case CLIENT_HELLO:
      redactHello(body, names, true);
      return;
    case SERVER_HELLO:
      redactHello(body, names, false);
      return;
    case CERTIFICATE:
      redactCertificates(body, names);
      return;
    case CERTIFICATE_REQUEST:
      redactRequest(body);
      return;
    case SERVER_HELLO_DONE:
      return;
    default:
      body.fill(0);
  }
}

function redactHello(body: Uint8Array, names: PacketPseudonyms, isClient: boolean): void {
  const random = body.subarray(2, 2 + RANDOM_BYTES);
  if (isClient || !RETRY_RANDOM.equals(random)) random.fill(0);
  let at = 2 + RANDOM_BYTES;
  if (at >= body.length) return;
  const session = u8(body, at);
  body.fill(0, at + 1, at + 1 + session);
  at += 1 + session;
  if (isClient) {
    if (at + 2 > body.length) return;
    at += 2 + u16be(body, at);
    if (at >= body.length) return;
    at += 1 + u8(body, at);
  } else at += 3;
  if (at + 2 > body.length) {
    body.fill(0, Math.min(at, body.length));
    return;
  }
  const end = Math.min(body.length, at + 2 + u16be(body, at));
  body.fill(0, end);
  at += 2;
  while (at + 4 <= end) {
    const type = u16be(body, at);
    const start = at + 4;
    at = start + u16be(body, at + 2);
    const content = body.subarray(start, Math.min(at, end));
    if (type === SERVER_NAME) redactServerName(content, names);
    else if (!PLAIN_EXTENSIONS.has(type)) content.fill(0);
  }
  body.fill(0, Math.min(at, end), end);
}

/** RFC 6066 §3. */
function redactServerName(content: Uint8Array, names: PacketPseudonyms): void {
  let at = 2;
  while (at + 3 <= content.length) {
    const start = at + 3;
    at = start + u16be(content, at + 1);
    const end = Math.min(at, content.length);
    const text = Buffer.from(content.buffer, content.byteOffset + start, end - start).toString('latin1');
    content.fill(0x78, start, end);
    content.set(Buffer.from(names.name(text), 'latin1').subarray(0, end - start), start);
  }
  content.fill(0, at);
}

/** A list of DER certificates, each behind its length. One of which the end is missing is zeroed. */
function redactCertificates(body: Uint8Array, names: PacketPseudonyms): void {
  let at = 3;
  while (at + 3 <= body.length) {
    const start = at + 3;
    at = start + u24be(body, at);
    if (at > body.length) body.fill(0, start);
    else redactCertificate(body.subarray(start, at), names);
  }
  if (at < body.length) body.fill(0, at);
}

/** Certificate types and signature algorithms stay, the names of authorities go. */
function redactRequest(body: Uint8Array): void {
  let at = 1 + (body.length > 0 ? u8(body, 0) : 0);
  if (at + 2 > body.length) return;
  at += 2 + u16be(body, at);
  if (at + 2 > body.length) return;
  at += 2;
  while (at + 2 <= body.length) {
    const start = at + 2;
    at = start + u16be(body, at);
    body.fill(0, start, Math.min(at, body.length));
  }
  if (at < body.length) body.fill(0, at);
}
