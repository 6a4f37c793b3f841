import { spawnSync } from 'node:child_process';

/** What some tests need beside Node: absent, they are skipped by name; named in GOSSIPSCOPE_REQUIRE (comma-separated), they fail instead. */
export type Part = 'chromium' | 'packaging' | 'tcpdump' | 'tshark';

const required = new Set((process.env['GOSSIPSCOPE_REQUIRE'] ?? '').split(',').filter((part) => part !== ''));

export const isRequired = (part: Part): boolean => required.has(part);

/** For a test's `skip` option: why it is skipped without the program `part`, or false when it is to run. */
export function skipWithout(part: Exclude<Part, 'packaging'>): string | false {
  if (isRequired(part)) return false;
  return spawnSync(part, ['--version'], { stdio: 'ignore' }).error === undefined ? false : `${part} is not installed`;
}

/** For the `skip` option of a test that takes long or needs the npm registry: it runs only where it is required. */
export function skipUnlessRequired(part: Part): string | false {
  return isRequired(part) ? false : `takes long: GOSSIPSCOPE_REQUIRE=${part} runs it`;
}
