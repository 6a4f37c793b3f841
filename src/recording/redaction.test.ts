import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertWithin, machineSlowness } from '../../test/machine-speed.js';
import { isSecretName, redactCommand, redactInspect, redactNetwork } from './redaction.js';

const SECRET = 'Zq7secretvalue';

test('names that make a value a secret, and names that do not', () => {
  for (const name of 'COUCHDB_PASSWORD passwd --password id.secret CORE_PEER_TLS_KEY_FILE apiKey token CORE_PEER_BCCSP_PKCS11_PIN userPin AWS_CREDENTIALS MYSQL_PASS db-pwd'.split(
    ' ',
  ))
    assert.ok(isSecretName(name), name);
  for (const name of 'CORE_PEER_ADDRESS PWD PING_INTERVAL spin compass author CORE_PEER_GOSSIP_BOOTSTRAP'.split(' '))
    assert.ok(!isSecretName(name), name);
});

test('secrets in commands do not survive', () => {
  for (const command of [
    `fabric-ca-client enroll -u https://admin:${SECRET}@ca.org1.example.com:7054`,
    `fabric-ca-client enroll -u https://admin:p@${SECRET}@ca:7054`,
    `fabric-ca-server start -b admin:${SECRET}`,
    `fabric-ca-client register --id.name peer0 --id.secret ${SECRET} --id.type peer`,
    `curl admin:${SECRET}@couchdb0:5984/_all_dbs`,
    `curl -u admin:${SECRET} http://couchdb0:5984`,
    `curl --user=admin:${SECRET} http://couchdb0:5984`,
    `curl -H Authorization: Bearer ${SECRET} http://x`,
    `curl -H "Authorization: Basic ${SECRET}" http://x`,
    `sh -c export DB_PASSWORD=${SECRET}; run`,
    `sh -c DB_PASSWORD="a ${SECRET}" run`,
    `sh -c DB_PASSWORD='a ${SECRET}' run`,
    `mysql -uroot -p${SECRET} db`,
    `mysql -u root -p ${SECRET} db`,
    `peer chaincode invoke -c {"password":"${SECRET}"}`,
    `peer chaincode invoke -c {\\"password\\":\\"${SECRET}\\"}`,
    `peer chaincode invoke --transient {"privateKey": "${SECRET} and more ${SECRET}"}`,
    `java -Djavax.net.ssl.keyStorePassword=${SECRET} -jar x`,
    `tool --api-key ${SECRET}`,
    `tool --pin=${SECRET}`,
    `echo -----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`,
    `echo eyJhbGciOi.${SECRET}.x`,
    `echo ${Buffer.from(`${SECRET}${SECRET}${SECRET}`).toString('base64')}`.replace('Zq', `${SECRET.length}`),
  ])
    assert.ok(!redactCommand(command).includes(SECRET), redactCommand(command));
});

test('what tells what an operator did survives', () => {
  for (const command of [
    'peer channel join -b mychannel.block',
    'peer channel update -o orderer.example.com:7050 -c mychannel -f ./channel-artifacts/Org1MSPanchors.tx --tls true --cafile /opt/gopath/src/github.com/hyperledger/fabric/peer/crypto/ordererOrganizations/example.com/orderers/orderer.example.com/msp/tlscacerts/tlsca.example.com-cert.pem',
    'peer chaincode install -n mycc -v 1.0 -l golang -p github.com/chaincode/chaincode_example02/go/',
    'peer chaincode invoke -C mychannel -n mycc -c {"Args":["invoke","a","b","10"]}',
    'sh -c mkdir -p /var/hyperledger/production',
    'docker run hyperledger/fabric-peer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  ])
    assert.equal(redactCommand(command), command);
  assert.equal(redactCommand('curl https://admin:adminpw@host:1/x'), 'curl https://***@host:1/x');
});

test('redacting never throws, and is done in time', async (t) => {
  const slowness = await machineSlowness();
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'key=: -p"\'\\{[@/:uPASSWORD\n'), maxLength: 400 }), (text) => {
      redactCommand(text);
    }),
  );
  for (const unit of ['key ', '-p ', 'a:', 'a:b@', '"', 'A1', '-----BEGIN ', 'mysql ', 'peer chaincode -p ', 'x=']) {
    const begun = performance.now();
    redactCommand(unit.repeat(20_000 / unit.length));
    await assertWithin(t, performance.now() - begun, 1000, slowness, `Slow on ${unit}.`);
  }
});

const container = {
  Id: 'a'.repeat(64),
  Name: '/peer0',
  Path: 'peer',
  Args: ['node', 'start', '--password', SECRET],
  State: { Status: 'running', Running: true, StartedAt: '2026-01-01T00:00:00Z', Health: { Log: [{ Output: SECRET }] } },
  Config: {
    Hostname: 'peer0',
    Env: ['CORE_PEER_ID=peer0', `COUCHDB_PASSWORD=${SECRET}`, `URL=https://u:${SECRET}@h`, 'CORE_PEER_TLS_KEY_FILE=/k'],
    Cmd: ['sh', '-c', `X_TOKEN=${SECRET} peer node start`],
    Labels: { 'com.docker.compose.service': 'peer0', 'com.docker.compose.project.working_dir': '/home/alice/net', 'my.secret': SECRET },
    Tty: false,
    Healthcheck: { Test: [SECRET] },
  },
  HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'splunk-token': SECRET } }, Binds: [SECRET], NetworkMode: 'net' },
  NetworkSettings: {
    Networks: { net: { Aliases: ['peer0'], IPAddress: '10.0.0.2', NetworkID: 'b'.repeat(64), DriverOpts: { password: SECRET } } },
    Ports: { '7051/tcp': null },
  },
  Mounts: [{ Type: 'bind', Source: '/home/alice/crypto', Destination: '/etc/hyperledger', RW: true }],
};

test('inspect output keeps what readers need and no secret', () => {
  const got = redactInspect(container);
  const text = JSON.stringify(got);
  assert.ok(!text.includes(SECRET) && !text.includes('alice'), text);
  const config = got['Config'] as { Env: string[]; Labels: object };
  assert.deepEqual(config.Env, ['CORE_PEER_ID=peer0', 'COUCHDB_PASSWORD=***', 'URL=https://***@h', 'CORE_PEER_TLS_KEY_FILE=***']);
  assert.deepEqual(config.Labels, { 'com.docker.compose.service': 'peer0' });
  assert.deepEqual((got['NetworkSettings'] as { Networks: unknown }).Networks, {
    net: { Aliases: ['peer0'], IPAddress: '10.0.0.2', NetworkID: 'b'.repeat(64) },
  });
});

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

const secretName = fc
  .tuple(
    fc.constantFrom('PASSWORD', 'Secret', 'KEY', 'token', 'PASSWD', 'Credential'),
    fc.string({ unit: fc.constantFrom(...'AbZ_'), maxLength: 4 }),
    fc.boolean(),
  )
  .map(([part, rest, isFirst]) => (isFirst ? `${part}_${rest}` : `X${rest}_${part}`));

/** Every object and array in `value`. */
function insides(value: Value): (Value[] | { [key: string]: Value })[] {
  if (value === null || typeof value !== 'object') return [];
  return [value, ...Object.values(value).flatMap(insides)];
}

test('no value planted under a name of secrets survives, at any depth and in any shape', () => {
  const shapes = fc.constantFrom<(name: string) => Value>(
    () => SECRET,
    () => [SECRET],
    (name) => ({ [name]: SECRET }),
    (name) => `${name}=${SECRET}`,
  );
  const texts = fc.constantFrom<(name: string) => string>(
    (name) => `${name}=${SECRET}`,
    (name) => `--${name}=${SECRET}`,
    (name) => `run --${name} ${SECRET} on`,
    (name) => `{"${name}":"${SECRET}"}`,
    (name) => `${name}: ${SECRET}`,
    () => `https://user:${SECRET}@host/x`,
  );
  const network: Value = {
    Id: 'c',
    Name: 'n',
    Options: { 'com.docker.network.x': 'y' },
    Labels: {},
    IPAM: { Config: [{ Subnet: '10.0.0.0/8' }] },
    Containers: { d: { Name: 'p' } },
  };
  fc.assert(
    fc.property(secretName, shapes, texts, fc.nat(), fc.nat(), fc.boolean(), (name, shape, text, where, index, isNetwork) => {
      const document = structuredClone((isNetwork ? network : container) as Value);
      const places = insides(document);
      const place = places[where % places.length] as Value[] | { [key: string]: Value };
      // Only a command's words can be an option and its value, which nothing may come between.
      const isCommand = Array.isArray(place) && (place.includes('node') || place.includes('-c'));
      if (Array.isArray(place)) place.splice(index % 2 === 0 ? 0 : place.length, 0, text(name), ...(isCommand ? [`--${name}`, SECRET] : []));
      else {
        place[name] = shape(name);
        const keys = Object.keys(place).filter((key) => typeof place[key] === 'string');
        const key = keys[index % keys.length];
        if (key !== undefined) place[key] = text(name);
      }
      const kept = JSON.stringify((isNetwork ? redactNetwork : redactInspect)(document as { [key: string]: Value }));
      assert.ok(!kept.includes(SECRET), kept);
    }),
    { numRuns: 500 },
  );
});

test('the containers of a network are told apart', () => {
  const ids = ['a'.repeat(64), '0b'.repeat(32)];
  const member = (name: string) => ({ Name: name, IPv4Address: '10.0.0.2/24' });
  const redacted = redactNetwork({
    Id: 'f'.repeat(64),
    Name: 'net',
    Containers: { [ids[0] as string]: member('one'), [ids[1] as string]: member('two') },
  });
  assert.deepEqual(Object.keys(redacted['Containers'] ?? {}), ids);
});

test('secrets of other tools, in lists, cookies and pipes are hidden; what looks alike is not', () => {
  for (const command of [
    'redis-cli -h db -a Hunter2x get k',
    'vault login Hunter2x',
    'aws configure set aws_secret_access_key Hunter2x',
    'openssl enc -aes-256-cbc -k Hunter2x -in f',
    'ldapsearch -D cn=a -w Hunter2x -b dc=x',
    'htpasswd -b file user Hunter2x',
    "curl -H 'Cookie: session=Hunter2x' http://x",
    "sh -c 'echo Hunter2x | passwd --stdin bob'",
    `peer chaincode invoke -C ch -n cc -c '{"Args":["set","password","Hunter2x"]}'`,
  ])
    assert.ok(!redactCommand(command).includes('Hunter2x'), redactCommand(command));
  for (const command of [
    'ls -a /data',
    'tar -k -x',
    'peer channel join -b ch.block',
    'echo hello | cat',
    `peer chaincode query -C ch -n cc -c '{"Args":["query","a"]}'`,
  ])
    assert.equal(redactCommand(command), command);
});
