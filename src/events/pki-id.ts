/**
 * PKI-IDs in every notation Fabric's logs use: lower-case hexadecimal (1.4.0 and later), decimal byte lists (`[49 39 227]`, up to 1.3 and in
 * "Haven't heard from" still), and protobuf text with octal escapes (`\376\373j`). All become lower-case hexadecimal.
 */

/** SHA-256 makes 32 bytes; a notation of more than twice that is something else. */
const MAX_PKI_ID_BYTES = 64;

const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const DECIMAL_LIST = /^\[(\d{1,3}(?: \d{1,3})*)\]$/;

const hexOfByte = (byte: number): string => byte.toString(16).padStart(2, '0');

function hexOfDecimalList(list: string): string | null {
  const bytes = list.split(' ').map(Number);
  if (bytes.length > MAX_PKI_ID_BYTES || bytes.some((byte) => byte > 255)) return null;
  return bytes.map(hexOfByte).join('');
}

/**
 * The PKI-ID that `text` shows in hexadecimal or as a decimal byte list, as lower-case hexadecimal.
 * Null for `<nil>`, `[]`, nothing, and anything that is no PKI-ID.
 */
export function parsePkiId(text: string): string | null {
  const trimmed = text.trim();
  const decimal = DECIMAL_LIST.exec(trimmed);
  if (decimal !== null) return hexOfDecimalList(decimal[1] as string);
  return trimmed.length <= 2 * MAX_PKI_ID_BYTES && HEX.test(trimmed) ? trimmed.toLowerCase() : null;
}

/**
 * The PKI-IDs of a list as Go prints it: `[3127e3… 6b6d54…]` or `[[49 39 …] [107 109 …]]`.
 * Null when `text` is no such list or one of its items is no PKI-ID.
 */
export function parsePkiIdList(text: string): readonly string[] | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[') || !trimmed.endsWith(']')) return null;
  const inner = trimmed.slice(1, -1).trim();
  const items = inner.startsWith('[') ? inner.match(/\[[^\]]*\]/g) : inner.split(' ').filter((item) => item !== '');
  const ids = (items ?? []).map(parsePkiId);
  return ids.every((id) => id !== null) ? ids : null;
}

const NAMED_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '"': 34, "'": 39, '\\': 92 };

/**
 * The bytes of a string of protobuf text format (what stands between the quotes), as hexadecimal: printable ASCII as it is, the rest as
 * `\n \r \t \" \' \\` or three octal digits (github.com/golang/protobuf proto/text.go, writeString). Null for an escape of another kind.
 */
export function hexOfProtobufText(text: string): string | null {
  let hex = '';
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i);
    if (byte === 92) {
      const octal = /^[0-3][0-7]{2}/.exec(text.slice(i + 1, i + 4));
      const named = NAMED_ESCAPES[text[i + 1] ?? ''];
      if (octal === null && named === undefined) return null;
      byte = octal === null ? (named as number) : Number.parseInt(octal[0], 8);
      i += octal === null ? 1 : 3;
    }
    if (byte > 255) return null;
    hex += hexOfByte(byte);
  }
  return hex;
}

const PROTOBUF_FIELD = /pki_?[iI]d:\s*"((?:[^"\\]|\\.)*)"/;
const SHORT_FORM = /PKI-id:\s*((?:[0-9a-f]{2})+)/;

/**
 * The first PKI-ID within a rendered gossip message: protobuf text (`pki_id:"\376\373…"`, 1.x) or the short forms of 2.0 and later
 * (`PKI-id:3127e3…`, protoext/stringers.go). Null when none is there.
 */
export function findPkiIdInMessage(text: string): string | null {
  const short = SHORT_FORM.exec(text);
  const field = PROTOBUF_FIELD.exec(text);
  if (short !== null && (field === null || short.index < field.index)) return parsePkiId(short[1] as string);
  return field === null || field[1] === '' ? null : hexOfProtobufText(field[1] as string);
}
