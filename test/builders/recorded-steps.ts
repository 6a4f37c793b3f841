import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedDockerEvent } from '../../src/recording/manifest.js';
import { ROOT } from '../recordings.js';

/** The recording of first-network brought up step by step, of which tests make one as `record` writes it. */
export const STEPS = join(ROOT, 'captures', 'byfn-bootstrap-steps');

export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Env: readonly string[] };
}

/** Inspect output of every container of the recording, by its name. */
export const CONTAINERS: ReadonlyMap<string, Inspected> = new Map(
  readdirSync(join(STEPS, 'docker'))
    .filter((f) => f.endsWith('.json') && f !== 'network.json')
    .flatMap((f) => [JSON.parse(readFileSync(join(STEPS, 'docker', f), 'utf8')) as Inspected | readonly Inspected[]].flat())
    .map((c) => [c.Name.replace(/^\//, ''), c] as const),
);
/** The container's id in that output, else one made of its name. */
export const idOf = (name: string): string => CONTAINERS.get(name)?.Id ?? name.padEnd(64, '0');

/** One event of Docker's stream at a container. */
export const dockerEvent = (at: string, action: string, name: string, more: Partial<RecordedDockerEvent> = {}): RecordedDockerEvent => ({
  at,
  type: 'container',
  action,
  containerId: idOf(name),
  containerName: name,
  network: null,
  command: null,
  execId: null,
  exitCode: null,
  signal: null,
  ...more,
});
