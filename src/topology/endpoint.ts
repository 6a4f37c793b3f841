/** The host of `host:port` (IPv6 in brackets allowed), or the text itself when it has no port. */
export function hostOf(endpoint: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(endpoint);
  if (bracketed !== null) return bracketed[1] as string;
  const colon = endpoint.lastIndexOf(':');
  // More than one colon and no bracket: a bare IPv6 address.
  if (colon < 0 || endpoint.indexOf(':') !== colon) return endpoint;
  return endpoint.slice(0, colon);
}

/** The port of `host:port`, or null when there is none. */
export function portOf(endpoint: string): number | null {
  const match = /^(?:\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(endpoint);
  return match === null ? null : Number(match[1]);
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Whether `host` is an IP address rather than a name. */
export function isAddress(host: string): boolean {
  return IPV4.test(host) || host.includes(':');
}

/** Whether `host` says nothing about which node it is: empty, loopback or the wildcard address. */
export function isAnonymousHost(host: string): boolean {
  return host === '' || host === 'localhost' || host.startsWith('127.') || host === '0.0.0.0' || host === '::' || host === '::1';
}

/** Whether `host` is a name that can name a node. */
export function isHostName(host: string): boolean {
  return !isAnonymousHost(host) && !isAddress(host);
}

/** The CN of an RFC 2253-like subject such as `CN=peer0.org1.example.com,L=San Francisco`, or null. */
export function commonNameOf(subject: string): string | null {
  const match = /(?:^|[,+/\n])\s*CN=((?:\\.|[^,+/\\\n])+)/.exec(subject);
  return match === null ? null : (match[1] as string).replaceAll(/\\(.)/g, '$1').trim();
}
