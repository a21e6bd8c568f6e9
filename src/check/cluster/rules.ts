/**
 * The rights that the controller needs in Kubernetes, as deploy/ gives them to its ServiceAccount: a test holds both together. In the
 * code since an installed azid has no files beside it.
 */

export interface NeededRule {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Whose finalizer is azid's to set. */
const OBJECTS = [
  'userassignedidentities',
  'systemassignedidentities',
  'identityattachments',
  'federatedidentitycredentials',
  'rolegrants',
];
const OF_CLUSTER = ['identitypolicies', 'eventsources', 'orphansweeps'];
const RECORDS = ['hostidentities', 'assignmentexpiries', 'orphanrecords'];
const status = (resources: readonly string[]) => resources.map((each) => `${each}/status`);

/** In all namespaces. */
export const CLUSTER_RULES: readonly NeededRule[] = [
  { group: 'azid.dev', resources: OBJECTS, verbs: ['get', 'list', 'watch', 'patch'] },
  { group: 'azid.dev', resources: OF_CLUSTER, verbs: ['get', 'list', 'watch'] },
  { group: 'azid.dev', resources: status([...OBJECTS, ...OF_CLUSTER]), verbs: ['get', 'patch'] },
  { group: 'azid.dev', resources: ['userassignedidentities/finalizers'], verbs: ['update'] },
  { group: '', resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
  { group: '', resources: ['configmaps'], verbs: ['get', 'list', 'watch'] },
  { group: 'events.k8s.io', resources: ['events'], verbs: ['create', 'patch'] },
];

/** In all namespaces, or in those that want outputs: which, an installer decides. */
export const OUTPUT_RULES: readonly NeededRule[] = [
  { group: '', resources: ['configmaps'], verbs: ['create', 'patch', 'delete'] },
];

/** In azid's own namespace. */
export const OWN_RULES: readonly NeededRule[] = [
  {
    group: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get', 'list', 'watch', 'create', 'update'],
  },
  { group: '', resources: ['configmaps'], verbs: ['create', 'patch'] },
  { group: 'azid.dev', resources: RECORDS, verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { group: 'azid.dev', resources: status(RECORDS), verbs: ['get', 'patch'] },
];
