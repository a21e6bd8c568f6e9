/** What a row of the summarised sign-ins says (docs/azure-facts.md section 18): pure. */
import { z } from 'zod';
import { type LastSignIn, MAX_RESOURCE } from '../../api/schema/activity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import { timestamp } from '../../runtime/status/conditions.ts';

interface SignInRow {
  /** `armKey` of the identity, or of the resource whose own it is. */
  readonly id: string | undefined;
  /** Lower case. */
  readonly principalId: string | undefined;
  /** Wall ms, of the directory's clock. */
  readonly at: number;
  readonly signIn: LastSignIn;
}

const shape = z.looseObject({
  firstSignInDateTime: z
    .string()
    .transform((text) => Date.parse(text))
    .pipe(z.number()),
  resourceDisplayName: z.string().nullish(),
  servicePrincipalId: z.string().nullish(),
  status: z.looseObject({ errorCode: z.number().nullish() }).nullish(),
  managedServiceIdentity: z.looseObject({ associatedResourceId: z.string().nullish() }).nullish(),
});

/** Undefined: it is no row, or names no identity. Addresses and ids of tokens are in it, and are left there. */
export function readSignIn(value: unknown): SignInRow | undefined {
  const read = shape.safeParse(value);
  if (!read.success) return undefined;
  const { firstSignInDateTime: at, resourceDisplayName, servicePrincipalId, status } = read.data;
  const id = read.data.managedServiceIdentity?.associatedResourceId || undefined;
  const principalId = servicePrincipalId || undefined;
  if (id === undefined && principalId === undefined) return undefined;
  const resource = resourceDisplayName
    ?.slice(0, MAX_RESOURCE)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim();
  return {
    id: id && armKey(id),
    principalId: principalId && asciiLower(principalId),
    at,
    signIn: {
      time: timestamp(at),
      ...(resource && { resource }),
      result: (status?.errorCode ?? 0) === 0 ? 'Succeeded' : 'Failed',
    },
  };
}

/** The later one; of one moment always the same, whichever came first. */
export function laterOf(left: LastSignIn | undefined, right: LastSignIn | undefined): LastSignIn | undefined {
  if (!left || !right) return left ?? right;
  return orderOf(left) >= orderOf(right) ? left : right;
}

export function isSame(left: LastSignIn | undefined, right: LastSignIn | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && orderOf(left) === orderOf(right));
}

function orderOf({ time, resource = '', result }: LastSignIn): string {
  return [time, result, resource].join('\n');
}
