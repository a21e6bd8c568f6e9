import type { Frame } from '../frame.ts';
import { ArmError } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';
import type { Host, HostAddress } from './host.ts';
import { keyOf } from './host-body.ts';
import type { Hosts } from './hosts.ts';
import type { HostType } from './types.ts';
import { type EditMode, type IdentityEdit, idsAfter } from './writes/identity-edit.ts';

type RuledHost = HostAddress & Pick<Host, 'identity' | 'location' | 'properties'>;

/**
 * The provider's rules about the identities of a host (docs/azure-facts.md section 7). Texts and codes
 * that docs/azure-facts.md does not have are unsure.
 */
export function assertRules(
  frame: Frame & { readonly hosts: Hosts },
  type: HostType,
  host: RuledHost,
  edit: IdentityEdit,
  mode: EditMode,
  apiVersion: string,
): void {
  assertType(type, host, edit, apiVersion);
  const strict = frame.knobs.values.hosts.strictKeyCase.includes(type.type);
  const misspelt = [...edit.added, ...edit.removed]
    .filter(([key, id]) => strict && differs(frame, type, host, key, id))
    .map(([, id]) => id);
  const invalid = [...new Set([...edit.populated, ...misspelt])];
  if (invalid.length > 0)
    throw new ArmError(
      400,
      'InvalidIdentityValues',
      `Invalid value for the identities '${invalid.join(',')}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.`,
    );
  const after = idsAfter(host.identity, edit, mode);
  if (edit.user && (after.size === 0 || edit.emptyMap))
    throw new ArmError(
      400,
      'MissingIdentityIds',
      "The identity ids must not be null or empty for 'UserAssigned' identity type.",
    );
  if (type.maxUserIdentities !== undefined && after.size > type.maxUserIdentities)
    throw new ArmError(
      400,
      'InvalidUserAssignedIdentities',
      `The number of user assigned identities is ${after.size}, but at most ${type.maxUserIdentities} is supported.`,
    );
  for (const [key, id] of after) if (!host.identity.user.has(key)) assertAttachable(frame, host, id);
  if (edit.system && !host.identity.system) assertNotPendingDelete(frame, host.id, host.id);
}

function assertType(type: HostType, host: RuledHost, edit: IdentityEdit, apiVersion: string): void {
  const kinds = edit.system && edit.user ? 'SystemAssigned, UserAssigned' : 'SystemAssigned';
  if (edit.system && edit.user && type.combined === undefined)
    throw new ArmError(
      400,
      'InvalidIdentityType',
      `The identity type '${kinds}' is not supported by '${type.type}'. Specify 'SystemAssigned', 'UserAssigned' or 'None'.`,
    );
  if (host.properties.orchestrationMode === 'Flexible' && edit.system)
    throw new ArmError(
      400,
      'InvalidParameter',
      `The identity type '${kinds}' is not supported by a virtual machine scale set with orchestration mode 'Flexible'. Only 'UserAssigned' is.`,
    );
  // Even for `type: None` (2021-03-01).
  if (host.properties.osType === 'Windows' && (edit.system || edit.user || apiVersion === '2021-03-01'))
    if (scopeKey(type.type) === '/microsoft.containerinstance/containergroups')
      throw new ArmError(
        400,
        'IdentityNotSupportedOnWindows',
        `Managed identity is not supported for Windows container groups: '${host.name}'.`,
      );
}

/** True when a key that is there already comes in another case than GET shows it in. */
function differs(
  frame: Frame & { readonly hosts: Hosts },
  type: HostType,
  host: RuledHost,
  key: string,
  id: string,
): boolean {
  const entry = host.identity.user.get(key);
  return entry !== undefined && keyOf(frame, type, entry.id) !== id;
}

/** `isolationScope`, `assignmentRestrictions` and a deletion that is not through yet (docs/azure-facts.md sections 3 and 6). */
function assertAttachable(frame: Frame & { readonly hosts: Hosts }, host: RuledHost, id: string): void {
  const identity = frame.identities.get(id);
  if (!identity) return;
  if (identity.isolationScope === 'Regional' && identity.location !== host.location)
    throw failedOperation(host.id, 400, {
      code: 'BadRequest',
      message: `The identity '${id}' has the isolation scope 'Regional' and can be assigned to resources in '${identity.location}' only.`,
    });
  const restrictions = identity.assignmentRestrictions as { providers?: readonly string[] } | undefined;
  const providers = restrictions?.providers ?? [];
  if (providers.length > 0 && !providers.some((provider) => covers(provider, host.type)))
    throw failedOperation(host.id, 400, {
      code: 'BadRequest',
      message: `The identity '${id}' can be assigned to resources of '${providers.join(', ')}' only.`,
    });
  assertNotPendingDelete(frame, id, host.id);
}

/** `Microsoft.Compute` covers its types, `Microsoft.Storage/Accounts` the one whose name ends so; any case. */
function covers(provider: string, hostType: string): boolean {
  const [namespace = '', type = ''] = provider.toLowerCase().split('/');
  const [hostNamespace = '', ownType = ''] = hostType.toLowerCase().split('/');
  return namespace === hostNamespace && ownType.endsWith(type);
}

function assertNotPendingDelete(frame: Frame & { readonly hosts: Hosts }, id: string, hostId: string): void {
  if (frame.hosts.sinceRemoval(id) >= frame.knobs.values.hosts.pendingDeleteMs) return;
  throw failedOperation(hostId, 409, {
    code: 'Conflict',
    message: `Request specified that resource '${id}' is new, but resource already exists. This may be due to a pending delete operation, try again later.`,
  });
}

function failedOperation(
  hostId: string,
  status: 400 | 409,
  error: { readonly code: string; readonly message: string },
): ArmError {
  const inner = JSON.stringify({ error });
  return new ArmError(
    status,
    'FailedIdentityOperation',
    `Identity operation for resource '${hostId}' failed with error 'Failed to perform resource identity operation. Status: '${error.code}'. Response: '${inner}'.'.`,
  );
}
