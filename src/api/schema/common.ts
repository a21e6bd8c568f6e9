/** Fields and formats that more than one kind uses. */
import { z } from 'zod';
import type { Condition, KubeObject } from '../../kube/types.ts';
import { MAX_SHORT_MESSAGE } from '../../runtime/status/message.ts';
import type { ActivityEntry } from './activity.ts';
import { noEndBlanks, shaped } from './cel-rules.ts';
import type { CelRule } from './kind.ts';
import { pastTime } from './remembered.ts';

/** Set before the first Azure write; kept until nothing of the object's is left in Azure (docs/guarantees.md G18). */
export const FINALIZER = 'azid.dev/finalizer';
/** Annotation: reconcile now. Its value is echoed in `status.lastHandledReconcileAt` (Flux's protocol). */
export const RECONCILE_ANNOTATION = 'azid.dev/reconcile-requested-at';
/** As much of that annotation as the status can echo. */
const MAX_REQUEST = 256;
/** Annotation on a deleted object: `"true"` lets it go now, leaving in Azure what could not be removed. */
export const RELEASE_ANNOTATION = 'azid.dev/release';
/** Label on every object azid makes in a namespace, so that one watch with a selector has them all. */
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'azid';

/** Subscription, tenant and client ids: lower or upper case, as Azure accepts both. */
const GUID_PATTERN = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
export const guid = () =>
  shaped(z.string().max(36), new RegExp(GUID_PATTERN), {
    expected: 'an id such as 11111111-2222-4333-8444-555555555555',
    remedy: 'names are not looked up here',
  });

/** 1-90 of letters, digits, `_`, `-`, `.`, parentheses; no final dot (Microsoft Learn "Naming rules"). */
export const resourceGroupName = () =>
  shaped(z.string().min(1).max(90), /^[-_.()a-zA-Z0-9]*[-_()a-zA-Z0-9]$/, {
    expected: 'the name of a resource group: letters, digits and - _ . ( ) without a dot at the end',
    remedy: 'give the name alone, not an ARM id',
  });

/** A region by its name or its display name, as the tools of Azure take both; azid writes `westeurope` for either. */
export const location = () =>
  z
    .string()
    .min(1)
    .max(64)
    .meta({
      'x-kubernetes-validations': [
        noEndBlanks,
        {
          rule: "self.trim() != self || self.matches('^[a-zA-Z0-9]+( [a-zA-Z0-9]+)*$')",
          message: 'a region by its name or display name, such as westeurope or West Europe',
          messageExpression:
            "'expected a region by its name or display name, such as westeurope or West Europe, got \\'' + self + '\\'; az account list-locations -o table shows both'",
        },
      ],
    });

/** 3-128 of letters, digits, `-`, `_`, first a letter or digit (docs/azure-facts.md section 3, "names"). */
export const IDENTITY_NAME_PATTERN = '^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$';

/** The name of another object in the namespace. */
export const objectName = () =>
  shaped(z.string().min(1).max(253), /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, {
    expected:
      'the name of an object of this namespace: lower-case letters, digits, - and ., a letter or digit at both ends',
  });

/** A tag's value: at most 256 characters. */
export const tagValue = () => z.string().max(256);
/** Azure allows 50 tags; four stay free for azid's marks. */
export const MAX_TAGS = 46;

/** Tag names Azure refuses or azid needs for itself (Microsoft Learn "Use tags": limitations). */
export const tagRules: readonly CelRule[] = [
  {
    rule: "self.all(k, size(k) >= 1 && size(k) <= 512 && !k.contains('<') && !k.contains('>') && !k.contains('%') && !k.contains('&') && !k.contains('\\\\') && !k.contains('?') && !k.contains('/'))",
    message: 'a tag name has 1 to 512 characters and none of < > % & \\ ? /',
  },
  {
    rule: "self.all(k, !k.lowerAscii().startsWith('azid-'))",
    message: 'tag names that begin with azid- are the marks azid sets itself; choose another name',
  },
];

export const deletionPolicy = (fallback: 'Delete' | 'Retain') =>
  z
    .enum(['Delete', 'Retain'])
    .default(fallback)
    .describe('What happens in Azure when this object is deleted.');

export const adoption = () =>
  z
    .enum(['Never', 'Adopt'])
    .default('Never')
    .describe(
      'Whether azid may take over something in Azure that it did not make. An IdentityPolicy must allow it too.',
    );

export const suspend = () =>
  z
    .boolean()
    .default(false)
    .describe('While true azid writes nothing to Azure for this object. Deletion still works.');

/** Conditions as docs/kubernetes.md section 9 has them: a list-map keyed by `type`. */
const condition = z.object({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32768),
  lastTransitionTime: pastTime(),
  observedGeneration: z.number().int().optional(),
});

/** Status fields of every kind. */
export const commonStatus = {
  summary: z
    .string()
    .max(MAX_SHORT_MESSAGE)
    .optional()
    .describe(`What the message of Ready says, in at most ${MAX_SHORT_MESSAGE} characters, for tables.`),
  observedGeneration: z
    .number()
    .int()
    .optional()
    .describe('The generation of the spec that this status is about.'),
  lastHandledReconcileAt: z
    .string()
    .max(MAX_REQUEST)
    .optional()
    .describe(`Echo of the last handled ${RECONCILE_ANNOTATION} annotation.`),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }),
};

/** What the reconciler reads of an object of any kind. */
export interface ManagedObject extends KubeObject {
  readonly spec: object;
  readonly status?: ManagedStatus;
}

/** azid's finalizer is on the object. */
export function hasFinalizer({ metadata }: KubeObject): boolean {
  return metadata.finalizers?.includes(FINALIZER) ?? false;
}

/**
 * azid is done with an object that is being deleted, or a user took its finalizer off; another finalizer alone keeps it.
 * azid does not reconcile it any more, so it counts as one that is gone.
 */
export function isFinalized(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && !hasFinalizer(object);
}

/** `spec.suspend`, for kinds that have it. Deletion goes on all the same (docs/architecture.md section 4). */
export function isSuspended(object: ManagedObject): boolean {
  return !object.metadata.deletionTimestamp && 'suspend' in object.spec && object.spec.suspend === true;
}

export interface ManagedStatus {
  readonly summary?: string | undefined;
  readonly observedGeneration?: number | undefined;
  readonly lastHandledReconcileAt?: string | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly activity?: readonly ActivityEntry[] | undefined;
}

/**
 * The value of the annotation that asks for a reconcile now, as the status echoes it: cut where the status has no
 * room for all of it.
 */
export function requestedReconcile({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[RECONCILE_ANNOTATION]?.slice(0, MAX_REQUEST);
}

/** A reconcile was asked for by the annotation, and was not done yet. */
export function isReconcileRequested(object: ManagedObject): boolean {
  const requested = requestedReconcile(object);
  return requested !== undefined && requested !== object.status?.lastHandledReconcileAt;
}

/** Its spec was not changed since azid last brought Azure in line with it. */
export function isObserved({ metadata, status }: ManagedObject): boolean {
  return metadata.generation === status?.observedGeneration;
}

/** True while a user waits for this object: read off the object, not off what enqueued it (docs/architecture.md section 5). */
export function hasPendingEdit(object: ManagedObject): boolean {
  const { metadata, status } = object;
  if (metadata.deletionTimestamp) return true;
  if (metadata.generation !== status?.observedGeneration) return true;
  return isReconcileRequested(object);
}
