/** The object by which the controller hears what happens in the simulated Azure. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { EVENT_SOURCE } from '../names.ts';
import type { EventQueue } from './azure-seed.ts';

export async function applyEventSource(
  { kubectl, folder }: Pick<Cluster, 'kubectl' | 'folder'>,
  serviceBus: EventQueue,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, 'event-source.json');
  const object = {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: EVENT_SOURCE },
    spec: { serviceBus },
  };
  await writeFile(path, JSON.stringify(object));
  await kubectl.apply([path], signal);
}
