/** What Azure shows of one of an object's resources, beside what the object's status says of it. Pure. */
import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { CredentialGet } from '../../azure/federated-credentials.ts';
import type { HostGet } from '../../azure/hosts/hosts.ts';
import type { GetResult } from '../../azure/identities.ts';
import { MARK } from '../../azure/names/identity-marks.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { AssignmentGet } from '../../azure/role-assignments.ts';

export interface ObservedResource {
  readonly what: string;
  readonly id: string;
  readonly state: 'as declared' | 'differs' | 'absent' | 'unreadable';
  /** What of it is shown, or why it could not be read. */
  readonly details: readonly string[];
}

type Description = Pick<ObservedResource, 'state' | 'details'>;

export function describeIdentity({ status, metadata }: UserAssignedIdentity, got: GetResult): Description {
  if (!got.found) return absent(got.error);
  const { principalId, clientId, location, tags } = got.identity;
  const mark = (name: string) =>
    Object.entries(tags).find(([tag]) => asciiLower(tag) === asciiLower(name))?.[1];
  const owner = `${metadata.namespace}/${metadata.name}`;
  const shownOwner = mark(MARK.owner);
  return describe([
    { name: 'principal', shown: principalId, expected: status?.principalId },
    { name: 'client', shown: clientId, expected: status?.clientId },
    { name: 'in', shown: location },
    // Hashed where it is long, so that only a short one can be compared.
    { name: 'marked for', shown: shownOwner, expected: owner.length > 256 ? undefined : owner },
    { name: 'with uid', shown: mark(MARK.ownerUid), expected: metadata.uid },
  ]);
}

export function describeCredential({ status }: FederatedIdentityCredential, got: CredentialGet): Description {
  if (!got.found) return absent(got.error);
  const { issuer, subject, audiences } = got.credential;
  return describe([
    { name: 'issuer', shown: issuer, expected: status?.issuer },
    { name: 'subject', shown: subject, expected: status?.subject },
    { name: 'audience', shown: audiences.join(', '), expected: status?.audience },
  ]);
}

/** @param grant absent: nothing is known that it should be */
export function describeGrant(grant: RoleGrant | undefined, got: AssignmentGet): Description {
  if (!got.found) return absent(got.error);
  const { principalId, principalType, roleGuid, condition } = got.assignment;
  const { status, spec } = grant ?? {};
  return describe([
    { name: 'principal', shown: principalId, expected: status?.principalId },
    { name: 'of type', shown: principalType },
    { name: 'role', shown: roleGuid, expected: status?.roleDefinitionId?.split('/').at(-1) },
    ...(grant || condition !== undefined
      ? [
          {
            name: 'condition',
            shown: condition ?? '(none)',
            expected: grant && (spec?.condition?.expression ?? '(none)'),
          },
        ]
      : []),
  ]);
}

export function describeSystem({ status }: SystemAssignedIdentity, got: HostGet): Description {
  if (!got.found) return absent(got.error);
  const { identity } = got.host;
  return describe([
    { name: 'its own identity', shown: identity.system ? 'on' : 'off', expected: 'on' },
    { name: 'principal', shown: identity.principalId, expected: status?.principalId },
  ]);
}

export function describeAttached({ spec, status }: IdentityAttachment, got: HostGet): Description {
  if (!got.found) return absent(got.error);
  const { userAssigned } = got.host.identity;
  const wanted = status?.identityId ?? spec.identityId;
  if (wanted === undefined) return describe([], [`${userAssigned.length} identities attached`]);
  const entry = userAssigned.find(({ key }) => key === armKey(wanted));
  return describe([
    { name: 'identity', shown: entry ? 'attached' : 'not attached', expected: 'attached' },
    ...(entry ? [{ name: 'principal', shown: entry.principalId, expected: status?.principalId }] : []),
  ]);
}

export function describeHost(got: HostGet): Description {
  if (!got.found) return absent(got.error);
  const { identity, provisioningState } = got.host;
  return describe(
    [{ name: 'its own identity', shown: identity.system ? 'on' : 'off' }],
    [
      ...identity.userAssigned.map(({ id, principalId }) => `has ${id}${principalId ? '' : ' (gone since)'}`),
      ...(provisioningState ? [`provisioning state ${provisioningState}`] : []),
    ],
  );
}

/** A fact that Azure shows, and what the status has; without an expectation it is only shown. */
interface Fact {
  readonly name: string;
  readonly shown: string | undefined;
  readonly expected?: string | undefined;
}

function describe(facts: readonly Fact[], more: readonly string[] = []): Description {
  const details = facts.map(({ name, shown, expected }) =>
    isSame(shown, expected)
      ? `${name} ${shown ?? '(none)'}`
      : `${name} ${shown ?? '(none)'}, the object has ${expected}`,
  );
  const differs = facts.some(({ shown, expected }) => !isSame(shown, expected));
  return { state: differs ? 'differs' : 'as declared', details: [...details, ...more] };
}

/** Ids and GUIDs come in any case. */
function isSame(shown: string | undefined, expected: string | undefined): boolean {
  return expected === undefined || asciiLower(shown ?? '') === asciiLower(expected);
}

function absent(error: { readonly code: string; readonly message: string }): Description {
  return { state: 'absent', details: [`${error.code}: ${error.message}`] };
}
