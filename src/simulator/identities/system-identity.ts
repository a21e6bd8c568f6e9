import { versionsOf } from '../catalog/versions.ts';
import { type Operation, resourceNotFound } from '../http/operation.ts';
import { scopeKey } from '../world/scope.ts';

/** The system-assigned identity of a resource, as its host type keeps it. */
interface SystemIdentity {
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly tenantId: string;
  readonly principalId: string;
  readonly clientId: string;
}

/** The system-assigned identities, as host types register them. */
export class SystemIdentities {
  readonly #byResource = new Map<string, SystemIdentity>();

  set(resourceId: string, identity: SystemIdentity): void {
    this.#byResource.set(scopeKey(resourceId), identity);
  }

  get(resourceId: string): SystemIdentity | undefined {
    return this.#byResource.get(scopeKey(resourceId));
  }

  delete(resourceId: string): boolean {
    return this.#byResource.delete(scopeKey(resourceId));
  }
}

/** `systemAssignedIdentities.getByScope` (docs/azure-facts.md section 3): the only way to a system identity's clientId. */
export function systemIdentityOperations(identities: SystemIdentities): readonly Operation[] {
  const type = 'Microsoft.ManagedIdentity/identities';
  return [
    {
      id: 'systemIdentities.get',
      method: 'GET',
      pattern: `{+scope}/providers/${type}/default`,
      resourceType: type,
      apiVersions: versionsOf(type),
      action: `${type}/read`,
      handle(_request, { scope = '' }) {
        const identity = identities.get(scope);
        if (!identity) throw resourceNotFound(type, 'default', scope.split('/')[4] ?? '');
        const { location, tags, tenantId, principalId, clientId } = identity;
        // The secret URL belongs to the host's own endpoint; the shape is docs/azure-facts.md section 3's.
        const clientSecretUrl = `https://control-westeurope.identity.azure.net${scope}/credentials?tid=${tenantId}&oid=${principalId}&aid=${clientId}`;
        const properties = { tenantId, principalId, clientId, clientSecretUrl };
        return {
          status: 200,
          body: {
            id: `${scope}/providers/${type}/default`,
            name: 'default',
            type,
            location,
            tags,
            properties,
          },
        };
      },
    },
  ];
}
