/**
 * `deploy/argocd/health_test.yaml` and its `testdata/`: an object of every kind in every situation of docs/conditions.md, with the
 * conditions that azid writes then, and what Argo CD is to make of it; in the form of Argo CD's own `resource_customizations`.
 */
import { stringify } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import type { ManagedObject } from '../../src/api/schema/common.ts';
import { API_VERSION, type KindSchema } from '../../src/api/schema/kind.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import type { Summary } from '../../src/reconcilers/decision.ts';
import { conditionsOf, suspendedConditions } from '../../src/reconcilers/status/summary.ts';
import type { Condition } from '../../src/runtime/status/conditions.ts';
import { type GeneratedFile, HEADERS } from './file.ts';

export type ArgoStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export interface Situation {
  readonly name: string;
  readonly argo: ArgoStatus;
  readonly kstatus: Kstatus;
  /** By the expressions of deploy/flux, which know no deletion. */
  readonly flux: Exclude<Kstatus, 'Terminating'>;
  /** What the message is of; `seen`: nothing of the object counts yet. */
  readonly message: 'Ready' | 'Suspended' | 'seen';
  readonly suspends?: true;
}

const of = (
  name: string,
  kstatus: Kstatus,
  argo: ArgoStatus,
  message: Situation['message'] = 'Ready',
): Situation => ({ name, argo, kstatus, flux: kstatus === 'Terminating' ? 'InProgress' : kstatus, message });

export const SITUATIONS: readonly Situation[] = [
  of('unseen', 'InProgress', 'Progressing', 'seen'),
  of('first', 'InProgress', 'Progressing'),
  of('retrying', 'InProgress', 'Progressing'),
  of('waiting', 'InProgress', 'Suspended'),
  of('done', 'Current', 'Healthy'),
  of('edited', 'InProgress', 'Progressing', 'seen'),
  of('stalled', 'Failed', 'Degraded'),
  { ...of('suspended', 'Current', 'Suspended', 'Suspended'), suspends: true },
  { ...of('suspended-edited', 'InProgress', 'Suspended', 'Suspended'), suspends: true },
  of('deleting', 'Terminating', 'Progressing'),
];

const NOW = Date.parse('2026-11-29T10:00:00Z');
const SUMMARIES: Readonly<Record<string, Summary>> = {
  first: {
    state: 'progressing',
    reason: 'Progressing',
    message: 'azid has seen this object and begins',
    againMs: 0,
  },
  retrying: {
    state: 'retrying',
    failure: {
      kind: 'transient',
      reason: 'AzureUnavailable',
      message: 'Azure answered 503; it is tried again',
      ambiguous: false,
      error: undefined,
    },
  },
  waiting: { state: 'waiting', for: 'another object', message: 'waiting for another object', recheckMs: 0 },
  done: { state: 'ready', reason: 'Ready', message: 'as declared', nextMs: 0 },
  stalled: {
    state: 'stalled',
    reason: 'PolicyDenied',
    message: 'no policy allows it; ask an administrator',
    recheckMs: 0,
  },
  deleting: { state: 'deleting', message: 'being deleted', againMs: 0 },
};

/** User-facing kinds; nobody keeps the internal ones in Git. */
export const GITOPS_KINDS = KINDS.filter(({ internal }) => !internal);

export function situationsOf(kind: KindSchema<KubeObject>): readonly Situation[] {
  return SITUATIONS.filter(({ suspends }) => !suspends || 'suspend' in kind.spec.shape);
}

/** As it stands in the API server; of the spec only what health rests on. */
export function exampleOf(kind: KindSchema<KubeObject>, { name, suspends }: Situation): ManagedObject {
  const { resource } = kind;
  const edited = name === 'edited' || name === 'suspended-edited';
  const metadata = {
    name: 'example',
    ...(resource.namespaced && { namespace: 'shop' }),
    generation: edited ? 2 : 1,
    ...(name === 'deleting' && {
      deletionTimestamp: '2026-11-29T10:00:00Z',
      finalizers: ['azid.dev/finalizer'],
    }),
  };
  const spec = suspends ? { suspend: true } : {};
  const object = { apiVersion: API_VERSION, kind: resource.kind, metadata, spec } as unknown as ManagedObject;
  if (name === 'unseen') return { ...object, status: { observedGeneration: -1 } };
  return { ...object, status: { observedGeneration: 1, conditions: conditionsIn(object, name) } };
}

function conditionsIn(object: ManagedObject, name: string): readonly Condition[] {
  // What was seen was the generation before an edit; an object comes to each situation from where it was before.
  const seen = { ...object, metadata: { ...object.metadata, generation: 1 } };
  const started = { ...seen, status: { conditions: conditionsOf(FIRST, seen, NOW) } };
  const summary = SUMMARIES[name];
  if (summary) return conditionsOf(summary, name === 'first' ? seen : started, NOW);
  const done = conditionsOf(DONE, started, NOW);
  return name === 'edited' ? done : suspendedConditions(object, done, name === 'suspended-edited', NOW);
}

const FIRST = SUMMARIES.first as Summary;
const DONE = SUMMARIES.done as Summary;

function messageOf(object: ManagedObject, message: Situation['message']): string {
  if (message === 'seen') return 'waiting for azid to see this generation';
  return object.status?.conditions?.find(({ type }) => type === message)?.message ?? '';
}

export function argocdTests(): GeneratedFile[] {
  const cases = GITOPS_KINDS.flatMap((kind) =>
    situationsOf(kind).map((situation) => {
      const inputPath = `testdata/${kind.singular}/${situation.name}.yaml`;
      const object = exampleOf(kind, situation);
      return {
        inputPath,
        object,
        healthStatus: { status: situation.argo, message: messageOf(object, situation.message) },
      };
    }),
  );
  const tests = cases.map(({ inputPath, healthStatus }) => ({ healthStatus, inputPath }));
  return [
    { path: 'deploy/argocd/health_test.yaml', text: HEADERS.yaml + stringify({ tests }, { lineWidth: 0 }) },
    ...cases.map(({ inputPath, object }) => ({
      path: `deploy/argocd/${inputPath}`,
      text: HEADERS.yaml + stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
    })),
  ];
}
