/** How the redaction of packets replaces what names somebody. Everything keeps its length. */
export interface PacketPseudonyms {
  /** The replacement of a name, one byte a character (latin1); equally long. */
  name(text: string): string;
  /** The replacement of an address of 4 or 16 bytes. */
  address(address: Uint8Array): Uint8Array;
  /** The replacement of a MAC address. */
  mac(mac: Uint8Array): Uint8Array;
}

/** One element of DER (X.690 §8.1): its tag, and where its content lies. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONSTRUCTED = 0x20;
/** UTF8String, NumericString, PrintableString, T61String, VideotexString, IA5String, GraphicString, VisibleString, GeneralString. */
const STRING_TAGS: ReadonlySet<number> = new Set([0x0c, 0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x1a, 0x1b]);
const MAX_DEPTH = 16;

/** Object identifiers, as hexadecimal of their content (RFC 5280 §4.2.1, RFC 5480 §2.1.1.1). */
const SUBJECT_ALTERNATIVE_NAME = '551d11';
const PLAIN_EXTENSIONS: ReadonlySet<string> = new Set(['551d0f', '551d13', '551d25']);
const CURVE_P256 = '2a8648ce3d030107';
/** The base point of P-256 (SEC 2 §2.4.2): a key that everybody knows and every library accepts. */
const P256_BASE_POINT =
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';

function elementAt(der: Uint8Array, at: number, end: number): Element | null {
  if (at + 2 > end) return null;
  const tag = der[at] as number;
  const first = der[at + 1] as number;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const bytes = first & 0x7f;
    if (bytes === 0 || bytes > 3 || start + bytes > end) return null;
    length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + (der[start + i] as number);
    start += bytes;
  }
  return start + length > end ? null : { tag, start, end: start + length };
}

/** The elements that fill `start` to `end`, or null where something else does. */
function elementsOf(der: Uint8Array, start: number, end: number): readonly Element[] | null {
  const elements: Element[] = [];
  for (let at = start; at < end; ) {
    const element = elementAt(der, at, end);
    if (element === null) return null;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

const hexOf = (der: Uint8Array, e: Element): string => Buffer.from(der.buffer, der.byteOffset + e.start, e.end - e.start).toString('hex');

function replaceText(der: Uint8Array, e: Element, names: PacketPseudonyms): void {
  const text = Buffer.from(der.buffer, der.byteOffset + e.start, e.end - e.start).toString('latin1');
  const replaced = Buffer.from(names.name(text), 'latin1');
  der.fill(0x78, e.start, e.end);
  der.set(replaced.subarray(0, e.end - e.start), e.start);
}

/**
 * Rewrites the DER certificate `der` in place (RFC 5280 §4.1): names of issuer, subject and their alternatives are replaced, addresses too; serial number,
 * public key, signature and every extension that could tell who it is lose their content. Lengths, validity and structure stay, so that it still reads as a
 * certificate. What does not read as one is zeroed.
 */
export function redactCertificate(der: Uint8Array, names: PacketPseudonyms): void {
  if (!rewrite(der, names)) der.fill(0);
}

function rewrite(der: Uint8Array, names: PacketPseudonyms): boolean {
  const whole = elementAt(der, 0, der.length);
  if (whole?.tag !== SEQUENCE || whole.end !== der.length) return false;
  const parts = elementsOf(der, whole.start, whole.end);
  const [body, , signature] = parts ?? [];
  if (parts?.length !== 3 || body?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return false;
  const fields = elementsOf(der, body.start, body.end);
  if (fields === null) return false;
  const at = fields[0]?.tag === 0xa0 ? 1 : 0;
  const [serial, , issuer, validity, subject, key] = fields.slice(at);
  if (serial?.tag !== INTEGER || issuer?.tag !== SEQUENCE || validity?.tag !== SEQUENCE || subject?.tag !== SEQUENCE || key?.tag !== SEQUENCE)
    return false;
  if (!redactName(der, issuer, names, 0) || !redactName(der, subject, names, 0) || !redactKey(der, key)) return false;
  // Zeroes in front would be no DER integer.
  der.fill(0, serial.start, serial.end);
  der[serial.start] = 1;
  der.fill(0, signature.start + 1, signature.end);
  for (const field of fields.slice(at + 6)) {
    if (field.tag !== 0xa3) der.fill(0, field.start, field.end);
    else if (!redactExtensions(der, field, names)) return false;
  }
  return true;
}

function redactName(der: Uint8Array, name: Element, names: PacketPseudonyms, depth: number): boolean {
  const inner = elementsOf(der, name.start, name.end);
  if (inner === null || depth > MAX_DEPTH) return false;
  for (const e of inner) {
    if (STRING_TAGS.has(e.tag)) replaceText(der, e, names);
    else if (e.tag === SEQUENCE || e.tag === SET) {
      if (!redactName(der, e, names, depth + 1)) return false;
    } else if (e.tag !== OID) der.fill(0, e.start, e.end);
  }
  return true;
}

function redactKey(der: Uint8Array, key: Element): boolean {
  const [algorithm, bits] = elementsOf(der, key.start, key.end) ?? [];
  if (algorithm === undefined || bits?.tag !== BIT_STRING || bits.end - bits.start < 2) return false;
  const curve = elementsOf(der, algorithm.start, algorithm.end)?.[1];
  const point = Buffer.from(P256_BASE_POINT, 'hex');
  const rsa = elementAt(der, bits.start + 1, bits.end);
  const [modulus] = rsa?.tag === SEQUENCE ? (elementsOf(der, rsa.start, rsa.end) ?? []) : [];
  if (curve?.tag === OID && hexOf(der, curve) === CURVE_P256 && bits.end - bits.start === point.length + 1) der.set(point, bits.start + 1);
  else if (modulus?.tag === INTEGER && modulus.end - modulus.start > 2) {
    // An RSA key that still reads as one: an odd number of the same length.
    der.fill(0xff, modulus.start + 1, modulus.end);
  } else der.fill(0, bits.start + 1, bits.end);
  return true;
}

function redactExtensions(der: Uint8Array, field: Element, names: PacketPseudonyms): boolean {
  const list = elementAt(der, field.start, field.end);
  const extensions = list === null ? null : elementsOf(der, list.start, list.end);
  if (extensions === null) return false;
  for (const extension of extensions) {
    const parts = elementsOf(der, extension.start, extension.end);
    const id = parts?.[0];
    const value = parts?.at(-1);
    if (parts === null || id?.tag !== OID || value?.tag !== OCTET_STRING) return false;
    const oid = hexOf(der, id);
    if (oid === SUBJECT_ALTERNATIVE_NAME) redactAlternatives(der, value, names);
    else if (!PLAIN_EXTENSIONS.has(oid)) emptyContents(der, value, 0);
  }
  return true;
}

/** GeneralNames (RFC 5280 §4.2.1.6): mail, DNS name and URI are text, [7] is an address, [4] a directory name. */
function redactAlternatives(der: Uint8Array, value: Element, names: PacketPseudonyms): void {
  const list = elementAt(der, value.start, value.end);
  const alternatives = list?.tag === SEQUENCE ? elementsOf(der, list.start, list.end) : null;
  if (alternatives === null) {
    der.fill(0, value.start, value.end);
    return;
  }
  for (const e of alternatives) {
    if (e.tag === 0x81 || e.tag === 0x82 || e.tag === 0x86) replaceText(der, e, names);
    else if (e.tag === 0x87 && (e.end - e.start === 4 || e.end - e.start === 16)) der.set(names.address(der.slice(e.start, e.end)), e.start);
    else if (e.tag !== 0xa4 || !redactName(der, e, names, 0)) emptyContents(der, e, 0);
  }
}

/** Zeroes what the primitive elements within `e` hold, keeping the structure; of anything else everything. */
function emptyContents(der: Uint8Array, e: Element, depth: number): void {
  const inner = (e.tag & CONSTRUCTED) !== 0 || e.tag === OCTET_STRING ? elementsOf(der, e.start, e.end) : null;
  if (inner === null || inner.length === 0 || depth > MAX_DEPTH) {
    if (e.tag !== OID && e.tag !== BOOLEAN) der.fill(0, e.start, e.end);
    return;
  }
  for (const one of inner) emptyContents(der, one, depth + 1);
}
