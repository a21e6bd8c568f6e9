/** What Azure shows of the resources that an object has by its status: live reads, with the caller's rights. */
import type { AssignmentExpiry } from '../../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { RoleGrant } from '../../api/role-grant.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { ArmCallsOptions, CallContext } from '../../azure/arm/arm-calls.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { FederatedCredentials } from '../../azure/federated-credentials.ts';
import { Hosts } from '../../azure/hosts/hosts.ts';
import { Identities } from '../../azure/identities.ts';
import { RoleAssignments } from '../../azure/role-assignments.ts';
import { RoleDefinitions } from '../../azure/role-definitions.ts';
import { roleTypeOf } from '../../reconcilers/role-grant/target/target.ts';
import type { ReadRole } from '../policy/questions.ts';
import {
  describeAttached,
  describeCredential,
  describeGrant,
  describeHost,
  describeIdentity,
  describeSystem,
  type ObservedResource,
} from './describe.ts';

export interface AzureReads {
  readonly identities: Pick<Identities, 'get'>;
  readonly credentials: Pick<FederatedCredentials, 'get'>;
  readonly assignments: Pick<RoleAssignments, 'get'>;
  readonly definitions: Pick<RoleDefinitions, 'get' | 'find'>;
  readonly hosts: Pick<Hosts, 'get'>;
}

export function azureReads(calls: ArmCallsOptions): AzureReads {
  return {
    identities: new Identities(calls),
    credentials: new FederatedCredentials(calls),
    assignments: new RoleAssignments(calls),
    definitions: new RoleDefinitions(calls),
    hosts: new Hosts(calls),
  };
}

/** Resources of one attachment that are read. */
const MAX_HOSTS = 20;

type Read = (object: never, azure: AzureReads, context: CallContext) => Promise<readonly ObservedResource[]>;

const BY_KIND: Readonly<Record<string, Read>> = {
  UserAssignedIdentity: async (object: UserAssignedIdentity, { identities }, context) => {
    const id = object.status?.id;
    if (id === undefined) return [];
    return [
      await observed('identity', id, async () => describeIdentity(object, await identities.get(id, context))),
    ];
  },
  FederatedIdentityCredential: async (object: FederatedIdentityCredential, { credentials }, context) => {
    const id = object.status?.id;
    if (id === undefined) return [];
    return [
      await observed('credential', id, async () => {
        const { identityId, name } = parseCredentialId(id);
        return describeCredential(object, await credentials.get(identityId, name, context));
      }),
    ];
  },
  RoleGrant: async (object: RoleGrant, { assignments }, context) => {
    const id = object.status?.assignmentId;
    if (id === undefined) return [];
    return [await assignment(id, assignments, context, object)];
  },
  AssignmentExpiry: async ({ spec }: AssignmentExpiry, { assignments }, context) => [
    await assignment(spec.assignmentId, assignments, context),
  ],
  SystemAssignedIdentity: async (object: SystemAssignedIdentity, { hosts }, context) => {
    const { resourceId: id, apiVersion } = object.spec;
    const version = { ...(apiVersion !== undefined && { apiVersion }) };
    return [
      await observed('resource', id, async () =>
        describeSystem(object, await hosts.get(id, context, version)),
      ),
    ];
  },
  IdentityAttachment: async (object: IdentityAttachment, { hosts }, context) => {
    const { target, apiVersion } = object.spec;
    const listed = (object.status?.targets ?? []).map(({ resourceId }) => resourceId);
    const ids = [...new Set([...(target.resourceId === undefined ? [] : [target.resourceId]), ...listed])];
    const version = { ...(apiVersion !== undefined && { apiVersion }) };
    return inTurn(ids.slice(0, MAX_HOSTS), (id) =>
      observed('resource', id, async () => describeAttached(object, await hosts.get(id, context, version))),
    );
  },
  HostIdentity: async ({ spec, status }: HostIdentity, { hosts }, context) => {
    const id = status?.hostId ?? spec.resourceId;
    return [await observed('resource', id, async () => describeHost(await hosts.get(id, context)))];
  },
};

/** Empty where the object has nothing, by its status. */
export async function readAzure(
  object: ManagedObject,
  azure: AzureReads,
  context: CallContext,
): Promise<readonly ObservedResource[]> {
  return (await BY_KIND[object.kind]?.(object as never, azure, context)) ?? [];
}

/** Which role a grant means; undefined: none, several, or it could not be read, which `readAzure` shows as well. */
export async function readRole(
  { spec }: RoleGrant,
  { definitions }: Pick<AzureReads, 'definitions'>,
  context: CallContext,
): Promise<ReadRole | undefined> {
  const { name = '', id } = spec.role;
  try {
    const lookup = await (id === undefined
      ? definitions.find(spec.scope, name, context)
      : definitions.get(spec.scope, id, context));
    if (lookup.found !== 'one') return undefined;
    const { guid, roleName } = lookup.role;
    return { guid, name: roleName, type: roleTypeOf(lookup.role) };
  } catch {
    context.signal?.throwIfAborted();
    return undefined;
  }
}

function assignment(
  id: string,
  assignments: AzureReads['assignments'],
  context: CallContext,
  grant?: RoleGrant,
): Promise<ObservedResource> {
  return observed('role assignment', id, async () => {
    const { scope, name } = parseAssignmentId(id);
    return describeGrant(grant, await assignments.get(scope, name, context));
  });
}

async function observed(
  what: string,
  id: string,
  read: () => Promise<Pick<ObservedResource, 'state' | 'details'>>,
): Promise<ObservedResource> {
  try {
    return { what, id, ...(await read()) };
  } catch (error) {
    const { code, message } = toAzureError(error);
    if (code === 'Aborted') throw error;
    return { what, id, state: 'unreadable', details: [`${code}: ${message}`] };
  }
}

async function inTurn<T, R>(all: readonly T[], each: (one: T) => Promise<R>): Promise<readonly R[]> {
  const done: R[] = [];
  for (const one of all) done.push(await each(one));
  return done;
}
