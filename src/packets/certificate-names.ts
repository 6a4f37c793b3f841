import { X509Certificate } from 'node:crypto';
import type { CertificateNames } from '../events/connection.js';
import { canonicalAddress } from './ip.js';

/** Different certificates remembered by their bytes: a network has few, its connections show them again and again. */
const MAX_REMEMBERED = 512;

/** The entries of an OpenSSL alternative name text: `DNS:peer0, IP Address:10.0.0.1`; a value with odd characters is a JSON string. */
const ALTERNATIVE_NAME = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/**
 * The names in the DER certificate `der`, or null when it is none. `organizations` are the subject's O, or where the subject has none the issuer's:
 * cryptogen writes the organization into the certificate authority's name only.
 */
export function readCertificateNames(der: Uint8Array): CertificateNames | null {
  try {
    const certificate = new X509Certificate(der);
    const legacy = certificate.toLegacyObject();
    const subject = attributesOf(legacy.subject);
    const organizations = valuesOf(subject, 'O');
    const dnsNames: string[] = [];
    const addresses: string[] = [];
    for (const match of (certificate.subjectAltName ?? '').matchAll(ALTERNATIVE_NAME)) {
      const value = unquote(match[2] as string);
      if (value === '') continue;
      if (match[1] === 'DNS') dnsNames.push(value);
      else addresses.push(canonicalAddress(value));
    }
    return {
      commonName: valuesOf(subject, 'CN').at(-1) ?? null,
      organizations: organizations.length > 0 ? organizations : valuesOf(attributesOf(legacy.issuer), 'O'),
      dnsNames,
      addresses,
    };
  } catch {
    return null;
  }
}

function attributesOf(name: unknown): Readonly<Record<string, unknown>> {
  return typeof name === 'object' && name !== null ? (name as Readonly<Record<string, unknown>>) : {};
}

/** An attribute that occurs twice is an array. */
function valuesOf(attributes: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const value = attributes[key];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one): one is string => typeof one === 'string' && one !== '');
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value.slice(1, -1);
  }
}

/** Reads certificates, each different one once. */
export class CertificateReader {
  readonly #known = new Map<string, CertificateNames | null>();

  /** As {@link readCertificateNames}. */
  read(der: Uint8Array): CertificateNames | null {
    const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const names = readCertificateNames(der);
    if (this.#known.size < MAX_REMEMBERED) this.#known.set(key, names);
    return names;
  }
}
