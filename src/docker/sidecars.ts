import { hostname } from 'node:os';
import type { ContainerListing, Engine } from './engine.js';

/** Every capturing container carries it; its value is {@link SidecarOwner} as JSON. */
export const SIDECAR_LABEL = 'org.gossipscope.sidecar';

/** The recorder that a sidecar belongs to. */
export interface SidecarOwner {
  readonly host: string;
  readonly pid: number;
  /** RFC 3339 UTC. */
  readonly startedAt: string;
  /** Name of the recording. */
  readonly recording: string;
}

/** The labels of a sidecar of this process. */
export function sidecarLabels(recording: string, startedAt: string): Readonly<Record<string, string>> {
  const owner: SidecarOwner = { host: hostname(), pid: process.pid, startedAt, recording };
  return { [SIDECAR_LABEL]: JSON.stringify(owner) };
}

/** Whose sidecar a container is; null for a container that is none, or whose label cannot be read. */
export function sidecarOwner(labels: Readonly<Record<string, string>>): SidecarOwner | null {
  const text = labels[SIDECAR_LABEL];
  if (text === undefined) return null;
  try {
    const value = JSON.parse(text) as Partial<SidecarOwner> | null;
    if (typeof value?.host !== 'string' || typeof value.pid !== 'number' || !Number.isSafeInteger(value.pid) || value.pid <= 0) return null;
    return { host: value.host, pid: value.pid, startedAt: String(value.startedAt), recording: String(value.recording) };
  } catch {
    return null;
  }
}

/** Whether a process of this id lives on this host, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Removes the sidecars of recorders of this host that are gone (killed, or this host went down) and returns the containers' names. Those of another host,
 * of a living recorder, and those whose label cannot be read are left. Throws an `OperationalError` when the engine does not answer; a container that
 * another recorder removes at the same time is no error.
 */
export async function removeLeftOverSidecars(
  engine: Pick<Engine, 'containers' | 'removeContainer'>,
  here: { readonly host: string; isAlive(pid: number): boolean } = { host: hostname(), isAlive: isProcessAlive },
): Promise<readonly string[]> {
  const isLeftOver = ({ labels }: ContainerListing): boolean => {
    const owner = sidecarOwner(labels);
    return owner !== null && owner.host === here.host && !here.isAlive(owner.pid);
  };
  const names: string[] = [];
  for (const container of (await engine.containers()).filter(isLeftOver)) {
    await engine.removeContainer(container.id);
    names.push(container.name);
  }
  return names;
}
