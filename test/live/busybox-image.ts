import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';

/** Debian's `busybox-static`: the only program in the image. */
const BUSYBOX = '/bin/busybox';

/** Programs that the scripts below use. */
const APPLETS = ['awk', 'cat', 'grep', 'nc', 'readlink', 'sh', 'sleep'] as const;

/**
 * What runs as every node: prints what the test feeds it, byte for byte, and obeys its orders. The test holds the feeding pipes open, so that they outlive a
 * restart of the container, and so that the container ends when the test does. As `peer channel …` it is a client that has succeeded.
 */
const NODE = `#!/bin/sh
[ "$1" = channel ] && exit 0
trap 'exit 0' TERM INT
cat /feed/stdout &
cat /feed/stderr >&2 &
sh -c 'while read -r order; do sh -c "$order" >/dev/null 2>&1 & done </feed/orders' &
wait
`;

/** Prints field (2: own end, 3: the other's) of /proc/net/tcp for the socket on standard input, as a port. */
const PORT = `#!/bin/sh
inode=$(readlink /proc/self/fd/0)
inode=\${inode#socket:[}
echo $((0x$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v field="$1" -v inode="\${inode%]}" '$10 == inode { sub(/.*:/, "", $field); print $field }')))
`;

/** One end of a connection, a socket on its standard input and output: sends what the pipe $1 is fed, keeps what comes in the file $2. */
const EXCHANGE = `#!/bin/sh
exec 3<&0
cat <&3 >"$2" &
cat "$1"
kill $!
`;

/** Serves one accepted connection, told from others by its client's port. The test makes the pipe when it has heard that port from the client. */
const SERVE = `#!/bin/sh
client=$(port 3)
until [ -p "/feed/$client.back" ]; do sleep 0.01; done
exec exchange "/feed/$client.back" "/feed/$client.arrived-there"
`;

/** The client's end of connection number $CONNECTION: tells its port. */
const DIAL = `#!/bin/sh
port 2 >"/feed/$CONNECTION.port"
exec exchange "/feed/$CONNECTION.there" "/feed/$CONNECTION.arrived-back"
`;

/** Listens on port $1, says so, and serves every connection. */
const LISTEN = `#!/bin/sh
nc -ll -p "$1" -e /usr/local/bin/serve &
hex=$(awk -v port="$1" 'BEGIN { printf "%04X", port }')
until cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ":$hex 0*:0000 0A"; do sleep 0.05; done
echo >"/feed/$1.listening"
wait
`;

/** Opens connection number $1 to $2:$3. */
const CONNECT = `#!/bin/sh
CONNECTION=$1 nc "$2" "$3" -e /usr/local/bin/dial </dev/null
echo >"/feed/$1.ended"
`;

/** Imports the image under every one of `names`. */
export async function importBusybox(docker: Docker, names: readonly string[]): Promise<void> {
  const tar = pack();
  for (const folder of ['bin', 'feed', 'tmp', 'usr', 'usr/local', 'usr/local/bin']) tar.entry({ name: folder, type: 'directory' });
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync(BUSYBOX));
  for (const applet of APPLETS) tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  const scripts = {
    peer: NODE,
    orderer: NODE,
    client: NODE,
    port: PORT,
    exchange: EXCHANGE,
    serve: SERVE,
    dial: DIAL,
    listen: LISTEN,
    connect: CONNECT,
  };
  for (const [name, script] of Object.entries(scripts)) tar.entry({ name: `usr/local/bin/${name}`, mode: 0o755 }, script);
  tar.finalize();
  const [first = '', ...others] = names;
  const stream = await docker.importImage(Readable.from(tar), { repo: first.replace(/:[^:/]*$/, ''), tag: first.replace(/.*:/, '') });
  await once(stream.resume(), 'end');
  for (const name of others) await docker.getImage(first).tag({ repo: name.replace(/:[^:/]*$/, ''), tag: name.replace(/.*:/, '') });
}
