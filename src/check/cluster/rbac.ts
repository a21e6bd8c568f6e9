/** Whether the controller's ServiceAccount may do in Kubernetes what it needs, asked of the API server itself. */
import { serviceAccounts } from '../../kube/builtin.ts';
import { type CheckDeps, type CheckFinding, ok, problem, readIfAny, unknown } from '../finding.ts';

const AREA = 'rbac';

/** One question of a SubjectAccessReview. */
interface Access {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Absent: in all namespaces. */
  readonly namespace?: string;
}

/** Reviews under way at the same time. */
const AT_ONCE = 8;

export async function rbacFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  const { namespace, serviceAccount } = deps;
  const name = `${namespace}/${serviceAccount}`;
  if (!(await readIfAny(serviceAccounts, name, deps)))
    return [
      problem(
        AREA,
        `the controller's ServiceAccount ${name} does not exist`,
        'apply deploy/, or name the namespace with --namespace and the account with --service-account',
      ),
    ];
  const needed = [...accessesOf(CLUSTER_RULES), ...accessesOf(OWN_RULES, namespace)];
  const outputs = accessesOf(OUTPUT_RULES);
  const denied: Access[] = [];
  const left = [...needed, ...outputs];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let access = left.shift(); access; access = left.shift())
        if (!(await isAllowed(access, deps))) denied.push(access);
    }),
  );
  return [...rbacFound(deps, { needed, outputs }, denied), ...(await discoveryFinding(deps))];
}

/**
 * No right to write outputs in all namespaces: the installer left the binding out, which is no mistake. A part of it: a role was altered.
 * Pure.
 */
export function rbacFound(
  { namespace, serviceAccount }: Pick<CheckDeps, 'namespace' | 'serviceAccount'>,
  { needed, outputs }: Readonly<Record<'needed' | 'outputs', readonly Access[]>>,
  denied: readonly Access[],
): readonly CheckFinding[] {
  const account = `${namespace}/${serviceAccount}`;
  if (!outputs.every((each) => denied.includes(each)))
    return [rightsFinding(account, [...needed, ...outputs], denied)];
  const whereBound: CheckFinding = {
    ...ok(AREA, `outputs only where bound: ${account} may not write ConfigMaps in every namespace`),
    remedy: `where spec.output is wanted: kubectl create rolebinding azid-controller-outputs -n NAMESPACE --clusterrole azid-controller-outputs --serviceaccount ${namespace}:${serviceAccount}`,
  };
  const others = denied.filter((each) => !outputs.includes(each));
  return [rightsFinding(account, needed, others), whereBound];
}

function rightsFinding(account: string, needed: readonly Access[], denied: readonly Access[]): CheckFinding {
  if (denied.length === 0) return ok(AREA, `${account} has the ${needed.length} rights that azid needs`);
  return problem(
    AREA,
    `${account} lacks ${denied.length} of ${needed.length} rights: ${rightsText(denied)}`,
    `apply the roles of deploy/ again: ClusterRoles azid-controller and azid-controller-outputs, Role azid-controller, and that each is bound to ${account}`,
  );
}

/** `get,patch rolegrants/status.azid.dev`; those of one resource together. Pure. */
export function rightsText(accesses: readonly Access[]): string {
  const byResource = Map.groupBy(accesses, ({ group, resource, subresource, namespace }) => {
    const name = subresource === undefined ? resource : `${resource}/${subresource}`;
    return `${name}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
  });
  return [...byResource]
    .map(
      ([resource, all]) =>
        `${all
          .map(({ verb }) => verb)
          .toSorted()
          .join(',')} ${resource}`,
    )
    .toSorted()
    .join('; ');
}

/** Pure. */
export function accessesOf(rules: readonly NeededRule[], namespace?: string): readonly Access[] {
  return rules.flatMap(({ group, resources, verbs }) =>
    resources.flatMap((path) => {
      const [resource = '', subresource] = path.split('/');
      return verbs.map((verb) => ({
        group,
        resource,
        verb,
        ...(subresource !== undefined && { subresource }),
        ...(namespace !== undefined && { namespace }),
      }));
    }),
  );
}

async function isAllowed(access: Access, deps: CheckDeps): Promise<boolean> {
  return review({ resourceAttributes: access }, deps);
}

async function review(
  asked: object,
  { client, namespace, serviceAccount, signal }: CheckDeps,
): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      ...asked,
      user: `system:serviceaccount:${namespace}:${serviceAccount}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    },
  };
  const { status } = await client.transport.request<{ readonly status: { readonly allowed: boolean } }>(
    { method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body },
    signal,
  );
  return status.allowed;
}

/** Every ServiceAccount may by default; where that was taken away credentials of this cluster need `--cluster-issuer`. */
async function discoveryFinding(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  const path = '/.well-known/openid-configuration';
  if (await review({ nonResourceAttributes: { path, verb: 'get' } }, deps)) return [];
  return [
    unknown(
      AREA,
      `azid may not read ${path}, so it does not know the issuer of this cluster's tokens by itself`,
      'bind ClusterRole system:service-account-issuer-discovery to its ServiceAccount, or give the controller --cluster-issuer',
    ),
  ];
}

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
