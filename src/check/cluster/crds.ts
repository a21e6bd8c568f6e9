/** Whether the kinds are installed as this azid knows them. */
import { isDeepStrictEqual } from 'node:util';
import { KINDS } from '../../api/index.ts';
import { customResourceDefinition } from '../../api/schema/crd.ts';
import type { KindSchema } from '../../api/schema/kind.ts';
import { type CustomResourceDefinition, customResourceDefinitions } from '../../kube/builtin.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type CheckDeps, type CheckFinding, ok, problem, readAll } from '../finding.ts';

const AREA = 'crds';
const REMEDY = "apply the CRDs of this azid's own release: kubectl apply --server-side -f crds/";

/** How an installed kind compares with this azid's. */
type CrdState =
  | { readonly state: 'same' | 'missing' | 'other' }
  | { readonly state: 'notServed'; readonly why: string };

export async function crdFindings(deps: CheckDeps): Promise<readonly CheckFinding[]> {
  const installed = new Map(
    (await readAll(customResourceDefinitions, deps)).map((each) => [each.metadata.name, each]),
  );
  return findingsOf(
    KINDS.map((kind) => ({ kind: kind.resource.kind, crd: crdState(kind, installed.get(nameOf(kind))) })),
  );
}

export const nameOf = ({ resource }: KindSchema<KubeObject>) => `${resource.plural}.${resource.group}`;

/** Pure. */
export function findingsOf(
  states: readonly { readonly kind: string; readonly crd: CrdState }[],
): readonly CheckFinding[] {
  const of = (wanted: CrdState['state']) => states.filter(({ crd }) => crd.state === wanted);
  const names = (wanted: CrdState['state']) =>
    of(wanted)
      .map(({ kind }) => kind)
      .join(', ');
  const missing = of('missing');
  if (missing.length === states.length) return [problem(AREA, 'no kind of azid is installed', REMEDY)];
  return [
    ...(missing.length > 0 ? [problem(AREA, `not installed: ${names('missing')}`, REMEDY)] : []),
    ...states.flatMap(({ kind, crd }) =>
      crd.state === 'notServed' ? [problem(AREA, `${kind} is not served: ${crd.why}`, REMEDY)] : [],
    ),
    ...(of('other').length > 0
      ? [problem(AREA, `installed as of another version of azid: ${names('other')}`, REMEDY)]
      : []),
    ...(of('same').length > 0
      ? [ok(AREA, `${of('same').length} of ${states.length} kinds are installed as of this version`)]
      : []),
  ];
}

/** Pure: schema, columns and version as this azid would install them. */
export function crdState(
  kind: KindSchema<KubeObject>,
  installed: CustomResourceDefinition | undefined,
): CrdState {
  if (!installed) return { state: 'missing' };
  const { version } = kind.resource;
  const served = installed.spec.versions.find(({ name }) => name === version);
  if (!served?.served) {
    const others = installed.spec.versions.filter((each) => each.served).map(({ name }) => name);
    return {
      state: 'notServed',
      why: `expected version ${version}, got ${others.join(', ') || 'none'}`,
    };
  }
  const conditions = installed.status?.conditions ?? [];
  const refused = conditions.find(
    ({ type, status }) => (type === 'Established' || type === 'NamesAccepted') && status === 'False',
  );
  if (refused) return { state: 'notServed', why: refused.message };
  const wanted = versionOf(customResourceDefinition(kind), version);
  return { state: isDeepStrictEqual(wanted, versionOf(installed, version)) ? 'same' : 'other' };
}

/** What of a version follows from azid's release; the API server adds to the rest. */
function versionOf(crd: object, version: string): unknown {
  const { versions } = (crd as { spec: { versions: readonly Version[] } }).spec;
  const found = versions.find(({ name }) => name === version);
  // As JSON: a member that is undefined is none.
  return JSON.parse(JSON.stringify([found?.schema, found?.additionalPrinterColumns]));
}

interface Version {
  readonly name: string;
  readonly schema?: unknown;
  readonly additionalPrinterColumns?: unknown;
}
