/** What may refuse azid's own writes: admission webhooks and policies that match them. */
import type { KubeObject, Resource } from '../../kube/types.ts';
import { type CheckDeps, type CheckFinding, ok, problem, readAll, readIfAny } from '../finding.ts';

const AREA = 'admission';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly operations?: readonly string[];
}

interface Webhook {
  readonly name: string;
  readonly failurePolicy?: 'Fail' | 'Ignore';
  readonly rules?: readonly Rule[];
  readonly clientConfig?: {
    readonly service?: { readonly namespace: string; readonly name: string };
  };
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly Webhook[];
}

interface AdmissionPolicy extends KubeObject {
  readonly spec: { readonly matchConstraints?: { readonly resourceRules?: readonly Rule[] } };
}

const admission = <T extends KubeObject>(kind: string, plural: string): Resource<T> => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});
const WEBHOOKS = [
  admission<WebhookConfiguration>('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  admission<WebhookConfiguration>('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
];
const POLICIES = admission<AdmissionPolicy>('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const services: Resource = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
};

/** What azid writes in Kubernetes. */
const WRITTEN: readonly { readonly group: string; readonly resource: string }[] = [
  { group: 'azid.dev', resource: '' },
  { group: '', resource: 'configmaps' },
  { group: 'events.k8s.io', resource: 'events' },
  { group: 'coordination.k8s.io', resource: 'leases' },
];

export async function admissionFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  const configurations = (await Promise.all(WEBHOOKS.map((each) => readAll(each, deps)))).flat();
  const policies = await readAll(POLICIES, deps);
  const seeing = webhooksSeeing(configurations);
  const broken: string[] = [];
  for (const { name, service, mustAnswer } of seeing) {
    if (!service || !mustAnswer) continue;
    const key = `${service.namespace}/${service.name}`;
    if (!(await readIfAny(services, key, deps))) broken.push(`${name} (Service ${key})`);
  }
  return admissionFound(
    seeing.map(({ name }) => name),
    policies.filter(seesAzid).map(({ metadata }) => metadata.name),
    broken,
  );
}

/** Pure. @param broken webhooks that must answer, and have no Service */
export function admissionFound(
  webhooks: readonly string[],
  policies: readonly string[],
  broken: readonly string[],
): readonly CheckFinding[] {
  const seeing = [...webhooks, ...policies];
  return [
    ...(broken.length > 0
      ? [
          problem(
            AREA,
            `webhooks that must answer have no Service, so writes of azid are refused: ${broken.join(', ')}`,
            'install what serves them, delete their configuration, or leave azid.dev and azid’s namespace out of it',
          ),
        ]
      : []),
    ok(
      AREA,
      seeing.length === 0
        ? 'no webhook and no policy of the cluster sees what azid writes'
        : `these may have a say in what azid writes, and refusals show as KubernetesRefused: ${seeing.join(', ')}`,
    ),
  ];
}

/** Pure. */
export function webhooksSeeing(configurations: readonly WebhookConfiguration[]) {
  return configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks
      .filter(({ rules = [] }) => rules.some(seesWrites))
      .map(({ name, failurePolicy = 'Fail', clientConfig }) => ({
        name: `${metadata.name}/${name}`,
        service: clientConfig?.service,
        mustAnswer: failurePolicy === 'Fail',
      })),
  );
}

function seesAzid({ spec }: AdmissionPolicy): boolean {
  return (spec.matchConstraints?.resourceRules ?? []).some(seesWrites);
}

/** Selectors and conditions may leave azid out again, which only a write would show. */
function seesWrites({ apiGroups = [], resources = [], operations = ['*'] }: Rule): boolean {
  if (!operations.some((each) => ['*', 'CREATE', 'UPDATE', 'DELETE'].includes(each))) return false;
  return WRITTEN.some(
    ({ group, resource }) =>
      apiGroups.some((each) => each === '*' || each === group) &&
      resources.some((each) => {
        const [name] = each.split('/');
        return name === '*' || resource === '' || name === resource;
      }),
  );
}
