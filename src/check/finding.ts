/** What `azid check` finds, one line each with the remedy where there is something to repair, and what each part of it reads with. */
import type { KubeClient } from '../kube/client.ts';
import { isForbidden, KubeError, unlessNotFound } from '../kube/errors.ts';
import { listAll } from '../kube/informer/list.ts';
import type { KubeObject, ObjectKey, Resource } from '../kube/types.ts';
import type { Clock } from '../runtime/time/clock.ts';

export type FindingState = 'ok' | 'problem' | 'unknown';

export interface CheckFinding {
  /** Stable word: `crds`, `rbac`, `lease`, … */
  readonly area: string;
  readonly state: FindingState;
  /** What was found. */
  readonly message: string;
  /** What to do. */
  readonly remedy?: string;
}

/** 0: all is fine. 1: there is a problem. 2: no problem was found, and something is not known. Pure. */
export function exitCodeOf(findings: readonly CheckFinding[]): 0 | 1 | 2 {
  const has = (state: FindingState) => findings.some((each) => each.state === state);
  if (has('problem')) return 1;
  return has('unknown') ? 2 : 0;
}

export const ok = (area: string, message: string): CheckFinding => ({ area, state: 'ok', message });
export const problem = (area: string, message: string, remedy: string): CheckFinding => ({
  area,
  state: 'problem',
  message,
  remedy,
});
export const unknown = (area: string, message: string, remedy: string): CheckFinding => ({
  area,
  state: 'unknown',
  message,
  remedy,
});

/** What a check works with: the caller's own rights. It writes nothing; access reviews and token requests leave nothing behind. */
export interface CheckDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  readonly leaseName: string;
  /** Of the controller. */
  readonly serviceAccount: string;
  readonly signal: AbortSignal;
}

type Reading = Pick<CheckDeps, 'client' | 'signal'>;

/** Undefined: it does not exist. */
export async function readIfAny<T extends KubeObject>(
  resource: Resource<T>,
  key: ObjectKey,
  { client, signal }: Reading,
): Promise<T | undefined> {
  return unlessNotFound(client.get(resource, key, signal));
}

export function readAll<T extends KubeObject>(
  resource: Resource<T>,
  { client, signal }: Reading,
  namespace?: string,
): Promise<readonly T[]> {
  return listAll(client, resource, signal, namespace === undefined ? {} : { namespace });
}

/** One part of the check: what the API server refuses ends this part alone, and says so. */
export async function part(
  area: string,
  find: () => Promise<readonly CheckFinding[]>,
  signal: AbortSignal,
): Promise<readonly CheckFinding[]> {
  try {
    return await find();
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return [
      unknown(
        area,
        error.message,
        isForbidden(error)
          ? 'run the check with the rights of an administrator of the cluster'
          : 'see that the API server can be reached, and run the check again',
      ),
    ];
  }
}
