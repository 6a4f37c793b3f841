import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What some tests need beside Node: absent, they are skipped by name; named in GOSSIPSCOPE_REQUIRE (comma-separated), they fail instead. */
export type Part = 'chromium' | 'docker' | 'packaging' | 'tcpdump' | 'tshark';

const required = new Set((process.env['GOSSIPSCOPE_REQUIRE'] ?? '').split(',').filter((part) => part !== ''));

export const isRequired = (part: Part): boolean => required.has(part);

/** For a test's `skip` option: why it is skipped without the program `part`, or false when it is to run. */
export function skipWithout(part: Exclude<Part, 'packaging' | 'docker'>): string | false {
  if (isRequired(part)) return false;
  return spawnSync(part, ['--version'], { stdio: 'ignore' }).error === undefined ? false : `${part} is not installed`;
}

/** For the `skip` option of a test that takes long or needs the npm registry: it runs only where it is required. */
export function skipUnlessRequired(part: Part): string | false {
  return isRequired(part) ? false : `takes long: GOSSIPSCOPE_REQUIRE=${part} runs it`;
}

/** A Docker engine that tests may fill, and restart where a command for that is named. */
export interface TestEngine {
  /** The path of its socket. */
  readonly socketPath: string;
  /** A shell command that kills or stops the engine's daemon and starts it again, containers running on; null: it must not be restarted. */
  readonly restartCommand: string | null;
}

/** The engine named by GOSSIPSCOPE_TEST_DOCKER (a socket) and GOSSIPSCOPE_TEST_DOCKER_RESTART (a command), or null. */
function testEngine(): TestEngine | null {
  const socketPath = process.env['GOSSIPSCOPE_TEST_DOCKER'] ?? '';
  const restartCommand = process.env['GOSSIPSCOPE_TEST_DOCKER_RESTART'] ?? '';
  return socketPath === '' ? null : { socketPath, restartCommand: restartCommand === '' ? null : restartCommand };
}

/** {@link testEngine} for a test that was not skipped. */
export function requiredEngine(): TestEngine {
  const engine = testEngine();
  if (engine === null) throw new Error('GOSSIPSCOPE_REQUIRE names docker, but GOSSIPSCOPE_TEST_DOCKER names no socket');
  return engine;
}

/** For the `skip` option of a test that needs a Docker engine of its own. */
export function skipWithoutDocker(): string | false {
  if (isRequired('docker')) return false;
  if (testEngine() === null) return 'no Docker engine for tests: GOSSIPSCOPE_TEST_DOCKER names the socket of one (.ci/run starts one)';
  return existsSync('/bin/busybox') ? false : 'busybox-static is not installed';
}
