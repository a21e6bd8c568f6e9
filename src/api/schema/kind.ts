/** What a kind is, as a value: its API version, resource, schema, rules, columns, and what it declares of Azure. */
import type { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/types.ts';

/** The API group every kind of azid lives in. */
export const GROUP = 'azid.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A version of the API as the API server serves it. All versions of a kind have one schema: docs/design/2026-11-30-versions-of-the-api.md. */
export interface ApiVersion {
  readonly name: string;
  /** False: no client can ask for it any more; objects that were stored in it still can be read. */
  readonly served: boolean;
  /** In which etcd gets what is written. Exactly one. */
  readonly storage: boolean;
  /** The API server warns clients that use it. */
  readonly deprecated?: boolean;
}

/** What `crds/` declares. */
export const API_VERSIONS: readonly ApiVersion[] = [{ name: VERSION, served: true, storage: true }];

/** `kubectl get` column. Priority 1 shows only with `-o wide`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly priority?: 0 | 1;
  readonly description?: string;
}

/** A CEL rule of the API server (`x-kubernetes-validations`). */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  /** CEL expression giving the message; may quote the offending value, which `message` cannot. */
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?:
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate';
}

/** One kind, written once: the CRD, the TypeScript types and the client's paths all come from it. */
export interface KindSchema<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: z.ZodObject;
  readonly status: z.ZodObject;
  /** Rules over the whole object, where `self.metadata.name` is in reach. */
  readonly rules: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
  /**
   * What the object claims to have in Azure. Absent or undefined: there is nothing, or the object alone does not show
   * it.
   */
  declares?(object: T): readonly DeclaredResource[] | undefined;
  /** For azid's own use: not among what `kubectl get azid` asks for, since no tenant may read it. */
  readonly internal?: boolean;
}

/**
 * What an object says is there in Azure, by its spec and by what its status has learnt: what the sandbox's table compares with
 * the simulated Azure, without a word of the controller.
 */
export interface DeclaredResource {
  /** As a person calls it: `identity`, `role assignment`. */
  readonly what: string;
  /** ARM id; absent: none is known yet. */
  readonly id?: string | undefined;
  /** By name: what a field of it is to be. Undefined: nothing is asked of it. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** Those that are asked for; there may be others. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Of a field that only Azure can give: it is to be in the status by now, and no value is the right one. */
export const ONE_IN_STATUS = 'one in the status';

export function azidResource<T extends KubeObject>(
  kind: string,
  plural: string,
  namespaced: boolean,
): Resource<T> {
  return { group: GROUP, version: VERSION, kind, plural, namespaced };
}

/**
 * The rule for a field that cannot change, put on its parent so that adding and removing the field are refused too:
 * a rule on an optional field itself does not run when the field appears or goes (docs/kubernetes.md section 8).
 *
 * @param normal from a value in CEL to what counts of it, where several spellings are one value
 */
export function immutable(field: string, remedy: string, normal = (value: string) => value): CelRule {
  const [now, before] = [normal(`self.${field}`), normal(`oldSelf.${field}`)];
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${now} == ${before})`,
    message: `${field} is immutable, adding and removing it included; ${remedy}`,
    fieldPath: `.${field}`,
    reason: 'FieldValueForbidden',
  };
}

const condition = (type: string, field: 'status' | 'reason' | 'message') =>
  `.status.conditions[?(@.type=="${type}")].${field}`;

const ready: PrinterColumn = { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status') };
const message: PrinterColumn = { name: 'Message', type: 'string', jsonPath: '.status.summary' };
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const reason: PrinterColumn = {
  name: 'Reason',
  type: 'string',
  jsonPath: condition('Ready', 'reason'),
  priority: 1,
};
const details: PrinterColumn = {
  name: 'Details',
  type: 'string',
  jsonPath: condition('Ready', 'message'),
  priority: 1,
};

/** Of `status.activity`: what was done last to what the object has in Azure. */
const lastChange: readonly PrinterColumn[] = [
  { name: 'Changed', type: 'date', jsonPath: '.status.activity[0].time' },
  { name: 'Changed-By', type: 'string', jsonPath: '.status.activity[0].caller' },
];

/**
 * What `kubectl get` shows of a kind: whether it is ready, why in short, since when, so that `kubectl get azid` fits 120 columns with names of 19
 * characters. What is longer or in more detail comes with `-o wide`.
 *
 * @param parts `first`, numbers at most, come after Ready; `wide` before the whole message
 */
export function columnsOf(parts: {
  readonly first?: readonly PrinterColumn[];
  readonly wide?: readonly PrinterColumn[];
  /** It has `status.activity`. */
  readonly activity?: boolean;
}): readonly PrinterColumn[] {
  return [
    ready,
    ...(parts.first ?? []),
    message,
    age,
    reason,
    ...[...(parts.wide ?? []), ...(parts.activity ? lastChange : [])].map((each) => ({
      ...each,
      priority: 1 as const,
    })),
    details,
  ];
}
