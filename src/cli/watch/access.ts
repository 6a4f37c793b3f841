import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** Whether `host` reaches this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '::1';
}

/**
 * Whether a request's Host header names this server: a local name, an IP literal, or the name the user gave. Any other name is some site's that resolves here
 * to have the visitor's browser read for it (DNS rebinding).
 */
export function isOwnHost(header: string | undefined, given: string): boolean {
  if (header === undefined) return false;
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]@/\\\s]+)(?::\d{1,5})?$/i.exec(header);
  if (match === null) return false;
  const host = (match[1] as string).replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isLoopback(host) || isIP(host) !== 0 || host === given.toLowerCase();
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/** Whether `offered` is the token, in a time that tells nothing about where they differ. */
export function isToken(offered: string | null, token: string): boolean {
  return offered !== null && timingSafeEqual(digest(offered), digest(token));
}

/** The value of the cookie `name` in a Cookie header, or null. */
export function cookieIn(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}
