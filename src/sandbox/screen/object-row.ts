/** One row of the table: whether an object is ready, by kstatus (docs/conditions.md) and by what the simulated Azure holds. */
import type { ManagedObject } from '../../api/schema/common.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound, KubeError } from '../../kube/errors.ts';
import type { ExampleObject } from '../project.ts';
import { differences, type SimulatedState } from './azure-match.ts';

type Readiness = 'Ready' | 'NotReady' | 'Stalled' | 'Deleting' | 'Missing';

export interface ObjectRow {
  readonly kind: string;
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly readiness: Readiness;
  readonly reason: string;
  readonly message: string;
  /** What Azure has otherwise than the object says; undefined where there is nothing to compare. */
  readonly differences: readonly string[] | undefined;
}

/** Ready in the cluster, and really so in Azure. */
export function isSettled({ readiness, differences: found = [] }: ObjectRow): boolean {
  return readiness === 'Ready' && found.length === 0;
}

export async function rowOf(
  { resource, key }: ExampleObject,
  client: KubeClient,
  azure: SimulatedState,
  signal: AbortSignal,
): Promise<ObjectRow> {
  try {
    const object = (await client.get(resource, key, signal)) as ManagedObject;
    return {
      kind: resource.kind,
      key,
      ...readinessOf(object),
      differences: differences(object, azure),
    };
  } catch (error) {
    const absent = absenceOf(error);
    if (absent === undefined) throw error;
    return {
      kind: resource.kind,
      key,
      readiness: 'Missing',
      reason: '',
      message: absent,
      differences: undefined,
    };
  }
}

/** Of a kind whose CRD was deleted the API server says 404 as well, and nothing more. */
function absenceOf(error: unknown): string | undefined {
  if (isNotFound(error)) return 'not in the cluster';
  if (error instanceof KubeError && error.status === 404)
    return 'the cluster does not know this kind (any more): kubectl apply --server-side -f crds/';
  return undefined;
}

export function readinessOf({
  metadata,
  status,
}: ManagedObject): Pick<ObjectRow, 'readiness' | 'reason' | 'message'> {
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
  const ready = condition('Ready');
  const shown = { reason: ready?.reason ?? '', message: ready?.message ?? '' };
  if (metadata.deletionTimestamp !== undefined) return { readiness: 'Deleting', ...shown };
  if (ready === undefined || status?.observedGeneration !== metadata.generation)
    return { readiness: 'NotReady', reason: '', message: 'not reconciled yet' };
  if (condition('Stalled')?.status === 'True') return { readiness: 'Stalled', ...shown };
  return { readiness: ready.status === 'True' ? 'Ready' : 'NotReady', ...shown };
}
