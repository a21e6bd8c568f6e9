/**
 * kstatus for a custom resource, written from its rules (docs/conditions.md; kubernetes-sigs/cli-utils
 * `pkg/kstatus/status/{generic,status}.go`) and sharing nothing with azid, so that Flux and Helm are asked, so to
 * speak, what they make of azid's conditions.
 */
export type Kstatus = 'Terminating' | 'InProgress' | 'Failed' | 'Current';

/** As much of an object as kstatus looks at. */
export interface Observed {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export function kstatus({ metadata, status = {} }: Observed): Kstatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observedGeneration, conditions = [] } = status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress';
  for (const condition of conditions) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Reconciling') return 'InProgress';
    if (condition.type === 'Stalled') return 'Failed';
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
