/** A JSON value, as the engine's API returns it. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Stands where something was taken out. */
const HIDDEN = '***';

/** Parts of a name that make its value a secret, wherever in the name they stand. Rather too many than one too few: a key file's path is hidden too. */
const SECRET_PART = /PASSW(?:OR)?D|PASSPHRASE|SECRET|KEY|TOKEN|CREDENTIAL|AUTHORIZATION/i;
/** Short ones count as words of their own: not in PING, SPIN, COMPASS. */
const SECRET_WORD = /(?:^|[^A-Za-z])(?:PIN|PASS|PWD?|PSWD|CREDS?|AUTH)(?:$|[^A-Za-z])/i;
const SECRET_CAMEL_WORD = /[a-z](?:Pin|Pass|Pwd|Creds?|Auth)(?:$|[^a-z])/;
/** The working directory: a name every shell has. */
const SHELLS_OWN = /^(?:OLD)?PWD$/;

/** Whether a value under this name (of an environment variable, option, label, field) may be a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_PART.test(name) || ((SECRET_WORD.test(name) || SECRET_CAMEL_WORD.test(name)) && !SHELLS_OWN.test(name));
}

const PEM = /-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g;
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>]*@/gi;
/** `admin:secret@couchdb:5984`, and not the digest of an image. */
const BARE_CREDENTIALS = /(^|[\s"'=,])[^\s:@/"'=,]+:(?!\/\/)[^\s@"',]+@(?!sha256:)(?=[\w[])/g;
const AUTHORIZATION = /((?:proxy-)?authorization\\*["']?\s*[:=,]?\s*\\*["']?)(?:(?:basic|bearer|digest|negotiate|token)\s+)?[^\s"'\\]+/gi;
const SCHEME_AND_TOKEN = /\b(basic|bearer)\s+[A-Za-z0-9+/_.~-]{6,}=*/gi;
const JSON_WEB_TOKEN = /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g;
/** A name, then `=`, `:` or (for options) a blank, then a value: quoted, or up to a blank or what closes a JSON value. */
const NAMED_VALUE = /(-{0,2}[A-Za-z_][\w.-]*)(\\*["']?\s*[:=]\s*|\s+)(\\*"(?:[^"\\]|\\(?!"))*\\*"|\\*'[^']*'|\$?\[[^\]]*\]|[^\s]+)/g;
/** `-u user:secret`, `--user=user:secret`, `-b admin:secret` of fabric-ca-server. */
const USER_AND_SECRET = /((?:^|\s)(?:-u|-b|--user|--proxy-user|--boot)(?:\s+|=)?["']?)[^\s"':-][^\s"':]*:[^\s"']+/g;
const PASSWORD_OPTION = /((?:^|\s)-p\s+)("[^"]*"|'[^']*'|\S+)/g;
/** mysql and its kind take the password glued to the option. */
const GLUED_PASSWORD = /((?:mysql|mariadb|mysqldump|mysqladmin|sshpass)\b[^;&|]*?\s-p)([^\s]+)/g;
/** Tools whose secret follows an option or word that says nothing of it elsewhere. */
const TOOLS_SECRET =
  /(\b(?:redis-cli\b[^;&|]*?\s-a|ldap\w+\b[^;&|]*?\s-w|openssl\b[^;&|]*?\s-(?:k|K|pass\w*)|vault\s+login|htpasswd\s+-\w*b\w*\s+\S+\s+\S+|configure\s+set\s+\S*(?:secret|key|token)\S*)\s+)(?!-)(\S+)/gi;
/** An element of a list after one that names a secret: `["set","password","…"]`. */
const LISTED_SECRET = /(\\*["'][\w.-]*(?:passw(?:or)?d|secret|token|credential)[\w.-]*\\*["']\s*,\s*\\*["'])([^"'\\]+)/gi;
const COOKIE = /(\bcookie\\*["']?\s*[:=]\s*)([^"'\r\n]+)/gi;
const PIPED_PASSWORD = /(\b(?:echo|printf)\s+)([^|;&]+?)(\s*\|[^|;&]*passw)/gi;
/** Whose `-p` takes a path. */
const PATH_OPTION = /(?:\bpeer\s+(?:chaincode|lifecycle)\b|\b(?:mkdir|cp|tar|rsync|install)\b)[^;&|]*$/;
const LONG_TOKEN = /(^|[^A-Za-z0-9+/_=-])(?!sha256:)([A-Za-z0-9+/_-]{32,}={0,2})/g;
const DIGEST = /(?:sha256:)$/;
const MIN_SECRET_RUN = 32;

/** Whether a long run of letters looks like encoded bytes rather than a path or a name. */
function isEncoded(run: string): boolean {
  if (/={1,2}$/.test(run) || (run.includes('+') && run.length >= 40)) return true;
  const runs = run.split('/');
  // Bytes in base64 have a slash every 64 letters or so; folders are shorter, and rarely mix cases and digits.
  return runs.some((part) => part.length >= MIN_SECRET_RUN && /\d/.test(part) && /[A-Za-z]/.test(part) && !/[-_].*[-_].*[-_]/.test(part));
}

function hideLong(text: string): string {
  return text.replace(LONG_TOKEN, (all: string, before: string, run: string, at: number) =>
    isEncoded(run) && !DIGEST.test(text.slice(0, at + before.length)) ? before + HIDDEN : all,
  );
}

function hideNamed(text: string): string {
  // Looked for again right behind each name, so that a harmless pair does not swallow the name of the next.
  const pattern = new RegExp(NAMED_VALUE.source, 'y');
  const name = /-{0,2}[A-Za-z_][\w.-]*/g;
  let out = '';
  let at = 0;
  for (let found = name.exec(text); found !== null; found = name.exec(text)) {
    if (!isSecretName(found[0])) continue;
    pattern.lastIndex = found.index;
    const pair = pattern.exec(text);
    const [, secret = '', between = '', value = ''] = pair ?? [];
    const isOption = secret.startsWith('-');
    if (pair === null || (/^\s+$/.test(between) && (!isOption || /^--?[A-Za-z]/.test(value)))) continue;
    const closing = /^["'\\$[]/.test(value) ? '' : (/[}\])"',;]*$/.exec(value)?.[0] ?? '');
    out += text.slice(at, found.index) + secret + between + HIDDEN + closing;
    at = found.index + pair[0].length;
    name.lastIndex = at;
  }
  return out + text.slice(at);
}

/**
 * A command line, or any other text, with `***` for what may be a secret: values of options, assignments and fields whose name says so, credentials in
 * URLs, `-u user:secret`, `-p secret`, authorization headers, PEM blocks, and long runs that look like encoded bytes.
 */
export function redactCommand(text: string): string {
  const hidden = hideNamed(
    text
      .replace(PEM, HIDDEN)
      .replace(URL_CREDENTIALS, `$1${HIDDEN}@`)
      .replace(AUTHORIZATION, `$1${HIDDEN}`)
      .replace(SCHEME_AND_TOKEN, `$1 ${HIDDEN}`)
      .replace(JSON_WEB_TOKEN, HIDDEN)
      .replace(USER_AND_SECRET, `$1${HIDDEN}`)
      .replace(BARE_CREDENTIALS, `$1${HIDDEN}@`)
      .replace(TOOLS_SECRET, `$1${HIDDEN}`)
      .replace(LISTED_SECRET, `$1${HIDDEN}`)
      .replace(COOKIE, `$1${HIDDEN}`)
      .replace(PIPED_PASSWORD, `$1${HIDDEN}$3`)
      .replace(GLUED_PASSWORD, `$1${HIDDEN}`),
  ).replace(PASSWORD_OPTION, (all: string, option: string, _value: string, at: number) =>
    PATH_OPTION.test(text.slice(0, at)) ? all : option + HIDDEN,
  );
  return hideLong(hidden);
}

const objectOf = (value: Json | undefined): JsonObject | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null;

/** What may pass of a JSON value: `undefined` where nothing. */
type Filter = (value: Json) => Json | undefined;

const text: Filter = (value) => (typeof value === 'string' ? redactCommand(value) : undefined);
/** Ids and digests: long runs on purpose. */
const id: Filter = (value) => (typeof value === 'string' && /^(?:sha256:)?[0-9a-f]*$/.test(value) ? value : text(value));
const number: Filter = (value) => (typeof value === 'number' || value === null ? value : undefined);
const flag: Filter = (value) => (typeof value === 'boolean' || value === null ? value : undefined);

const listOf =
  (filter: Filter): Filter =>
  (value) =>
    Array.isArray(value) ? value.flatMap((item: Json) => filter(item) ?? []) : value === null ? null : undefined;

/** An object with these fields and no others. */
const recordOf =
  (fields: Readonly<Record<string, Filter>>): Filter =>
  (value) => {
    const record = objectOf(value);
    if (record === null) return value === null ? null : undefined;
    const kept: Record<string, Json> = {};
    for (const [name, filter] of Object.entries(fields)) {
      const field = record[name];
      const passed = field === undefined ? undefined : filter(field);
      if (passed !== undefined) kept[name] = passed;
    }
    return kept;
  };

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** An object with names that the user gave. */
const mapOf =
  (filter: Filter, mayPass: (name: string) => boolean = () => true): Filter =>
  (value) => {
    const record = objectOf(value);
    if (record === null) return value === null ? null : undefined;
    return Object.fromEntries(
      Object.entries(record).flatMap(([name, item]) => {
        const passed = mayPass(name) ? filter(item) : undefined;
        // An id is long and hexadecimal, as a key would be.
        return passed === undefined ? [] : [[CONTAINER_ID.test(name) ? name : redactCommand(name), passed]];
      }),
    );
  };

/** The words of a command, each of which may be the value of the option before. */
const words: Filter = (value) => {
  if (!Array.isArray(value)) return value === null ? null : text(value);
  let before = '';
  return value.flatMap((word: Json) => {
    if (typeof word !== 'string') return [];
    const option = before;
    before = word;
    // A word that is an option alone: the next is its value. `-p` is a path to peer and mkdir; which of them it is for is not asked here.
    const isValue = /^--?[A-Za-z][\w.-]*$/.test(option) && (isSecretName(option) || option === '-p');
    const isPair = /^(?:-u|-b|--user|--proxy-user|--boot)$/.test(option) && word.includes(':');
    return [(isValue && !/^--?[A-Za-z]/.test(word)) || isPair ? HIDDEN : redactCommand(word)];
  });
};

const environment: Filter = listOf((entry) => {
  if (typeof entry !== 'string') return undefined;
  const equals = entry.indexOf('=');
  if (equals < 0) return redactCommand(entry);
  const name = entry.slice(0, equals);
  return `${name}=${isSecretName(name) ? HIDDEN : redactCommand(entry.slice(equals + 1))}`;
});

/** Labels that tell who made a container and what for. Those with folders on the user's disk are not among them. */
const LABELS =
  /^(?:com\.docker\.compose\.(?:project|service|container-number|oneoff|version|network|volume)$|org\.hyperledger\.|org\.opencontainers\.image\.(?:version|title|ref\.name)$|service$)/;
const labels: Filter = mapOf(text, (name) => LABELS.test(name) && !isSecretName(name));

/** Folders that bear a user's name. */
const path: Filter = (value) =>
  typeof value === 'string'
    ? redactCommand(
        value.replace(
          /(\/(?:home|Users|export\/home)\/|[A-Za-z]:[\\/]Users[\\/]|\/root(?=\/|$))([^\\/]*)/g,
          (_, root: string, user: string) => root + (user === '' ? '' : HIDDEN),
        ),
      )
    : undefined;

const endpoint = recordOf({
  Aliases: listOf(text),
  DNSNames: listOf(text),
  NetworkID: id,
  EndpointID: id,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: number,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: number,
  MacAddress: text,
});
const portBindings = mapOf(listOf(recordOf({ HostIp: text, HostPort: text })));

const container = recordOf({
  Id: id,
  Name: text,
  Created: text,
  Path: text,
  Args: words,
  State: recordOf({
    Status: text,
    Running: flag,
    Paused: flag,
    Restarting: flag,
    OOMKilled: flag,
    Dead: flag,
    Pid: number,
    ExitCode: number,
    Error: text,
    StartedAt: text,
    FinishedAt: text,
  }),
  Image: id,
  RestartCount: number,
  Driver: text,
  Platform: text,
  Mounts: listOf(recordOf({ Type: text, Name: text, Source: path, Destination: path, Driver: text, Mode: text, RW: flag, Propagation: text })),
  Config: recordOf({ Hostname: text, Domainname: text, Env: environment, Cmd: words, Image: id, Labels: labels, Tty: flag, WorkingDir: path }),
  HostConfig: recordOf({
    LogConfig: recordOf({
      Type: text,
      Config: recordOf({ 'max-size': text, 'max-file': text, compress: text, mode: text, 'max-buffer-size': text }),
    }),
    NetworkMode: text,
    RestartPolicy: recordOf({ Name: text, MaximumRetryCount: number }),
    PortBindings: portBindings,
    Memory: number,
    NanoCpus: number,
  }),
  NetworkSettings: recordOf({ Networks: mapOf(endpoint), Ports: portBindings }),
});

const network = recordOf({
  Id: id,
  Name: text,
  Created: text,
  Scope: text,
  Driver: text,
  EnableIPv6: flag,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  IPAM: recordOf({ Driver: text, Config: listOf(recordOf({ Subnet: text, IPRange: text, Gateway: text })) }),
  Containers: mapOf(recordOf({ Name: text, EndpointID: id, MacAddress: text, IPv4Address: text, IPv6Address: text })),
  Options: mapOf(text, (name) => name.startsWith('com.docker.network.') && !isSecretName(name)),
  Labels: labels,
});

/**
 * What may be kept of `docker inspect` of a container: what tells who it is, what it runs, where it is and how it fares. Everything not listed here is
 * left out, and what is kept goes through {@link redactCommand}; environment variables keep their names.
 */
export function redactInspect(inspect: JsonObject): JsonObject {
  return objectOf(container(inspect) ?? null) ?? {};
}

/** What may be kept of `docker network inspect`; see {@link redactInspect}. */
export function redactNetwork(inspect: JsonObject): JsonObject {
  return objectOf(network(inspect) ?? null) ?? {};
}
