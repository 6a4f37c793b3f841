import assert from 'node:assert/strict';
import test from 'node:test';
import { effectiveLevel, type LogSpec, nodeLogging, parseLogSpec, prints } from './log-spec.js';

function spec(text: string): LogSpec {
  const parsed = parseLogSpec(text);
  assert.ok('level' in parsed, `${text} is refused`);
  return parsed;
}

test('a bare level holds for every logger', () => {
  assert.equal(effectiveLevel(spec('WARNING'), 'gossip.election'), 'warning');
  assert.equal(effectiveLevel(spec('warn'), 'gossip.election'), 'warning');
  assert.equal(effectiveLevel(spec(''), 'gossip.election'), 'info');
});

test('the nearest name above a logger decides', () => {
  const parsed = spec('warning:gossip=info:gossip.comm,gossip.state=debug');
  assert.equal(effectiveLevel(parsed, 'gossip.election'), 'info');
  assert.equal(effectiveLevel(parsed, 'gossip.state'), 'debug');
  assert.equal(effectiveLevel(parsed, 'gossip'), 'info');
  assert.equal(effectiveLevel(parsed, 'kvledger'), 'warning');
  assert.equal(effectiveLevel(parsed, 'gossiping'), 'warning', 'a name covers whole parts only');
});

test('a name with a dot at its end is that logger alone', () => {
  const parsed = spec('gossip.=debug:error');
  assert.equal(effectiveLevel(parsed, 'gossip'), 'debug');
  assert.equal(effectiveLevel(parsed, 'gossip.election'), 'error');
});

test('a later level replaces an earlier one, and an empty segment means info', () => {
  assert.equal(effectiveLevel(spec('debug:warning'), 'x'), 'warning');
  assert.equal(effectiveLevel(spec('error:'), 'x'), 'info');
});

test('what Fabric refuses is named', () => {
  assert.deepEqual(parseLogSpec('info:gossip=loud'), { badSegment: 'gossip=loud' });
  assert.deepEqual(parseLogSpec('Info'), { badSegment: 'Info' });
  assert.deepEqual(parseLogSpec('=info'), { badSegment: '=info' });
  assert.deepEqual(parseLogSpec('a=b=info'), { badSegment: 'a=b=info' });
  assert.deepEqual(parseLogSpec('.gossip=info'), { badSegment: '.gossip=info' });
});

test('levels are ordered', () => {
  assert.ok(prints('debug', 'info'));
  assert.ok(prints('info', 'info'));
  assert.ok(!prints('warning', 'info'));
});

function gossipLevel(environment: Readonly<Record<string, string>>, version: string | null): string | undefined {
  const { spec: parsed } = nodeLogging('peer', environment, version);
  return parsed === null ? undefined : effectiveLevel(parsed, 'gossip.election');
}

test('before 1.4 the gossip section of core.yaml lies over the level', () => {
  assert.equal(gossipLevel({ CORE_LOGGING_LEVEL: 'DEBUG' }, '1.0.6'), 'warning');
  assert.equal(gossipLevel({ CORE_LOGGING_LEVEL: 'DEBUG' }, '1.1.0'), 'warning');
  assert.equal(gossipLevel({ CORE_LOGGING_LEVEL: 'ERROR' }, '1.3.0'), 'info');
  assert.equal(gossipLevel({ CORE_LOGGING_LEVEL: 'INFO', CORE_LOGGING_GOSSIP: 'Debug' }, '1.0.6'), 'debug');
});

test('from 1.4 on the older variables are ignored, before it the newer one', () => {
  assert.equal(gossipLevel({ CORE_LOGGING_LEVEL: 'ERROR' }, '1.4.0'), 'info');
  assert.equal(gossipLevel({ FABRIC_LOGGING_SPEC: 'error' }, '2.5.9'), 'error');
  assert.equal(gossipLevel({ FABRIC_LOGGING_SPEC: 'error' }, '1.2.0'), 'info');
});

test('with an unknown version, the variable that is set tells', () => {
  assert.equal(gossipLevel({ FABRIC_LOGGING_SPEC: 'warning:gossip=info' }, null), 'info');
  assert.match(nodeLogging('orderer', { ORDERER_GENERAL_LOGLEVEL: 'WARNING' }, null).setting, /ORDERER_GENERAL_LOGLEVEL=WARNING/);
});

test('a refused setting has no levels', () => {
  assert.deepEqual(nodeLogging('peer', { FABRIC_LOGGING_SPEC: 'loud' }, '2.2.0'), {
    setting: 'FABRIC_LOGGING_SPEC=loud',
    spec: null,
    badSegment: 'loud',
  });
});
