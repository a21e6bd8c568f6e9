import { ArmError } from '../http/operation.ts';
import { shortLocation } from '../resources/locations.ts';
import { type Coordinates, IDENTITY_TYPE, type Identity } from './identities.ts';

/** The body of an identity as Azure sends it (docs/azure-facts.md section 3, traffic): `tags` is `{}` when unset. */
export function identityBody(identity: Identity): unknown {
  const {
    location,
    tags,
    id,
    name,
    tenantId,
    principalId,
    clientId,
    isolationScope,
    assignmentRestrictions,
  } = identity;
  return {
    location,
    tags,
    id,
    name,
    type: IDENTITY_TYPE,
    properties: {
      tenantId,
      principalId,
      clientId,
      ...(isolationScope !== undefined && { isolationScope }),
      ...(assignmentRestrictions !== undefined && { assignmentRestrictions }),
    },
  };
}

/** 404 of a missing resource in an existing group (docs/azure-facts.md section 2, traffic). */
export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    { 'x-ms-failure-cause': 'gateway' },
  );
}

export const identityNotFound = ({ name, resourceGroup }: Coordinates): ArmError =>
  resourceNotFound(IDENTITY_TYPE, name, resourceGroup);

/** 3-128 of alphanumerics, `-`, `_`, first a letter or digit (docs/azure-facts.md section 3). */
const NAME = /^[a-z0-9][a-z0-9_-]{2,127}$/i;

/** Code and text of the refusal are unsure: no capture was found. */
export function assertName(name: string): void {
  if (NAME.test(name)) return;
  throw new ArmError(
    400,
    'InvalidResourceName',
    `The resource name '${name}' is invalid. It must be between 3 and 128 characters, start with a letter or number, and contain only alphanumerics, hyphens and underscores.`,
  );
}

/**
 * ARM compares locations without case and spaces and answers the short form. A resource cannot be put elsewhere under
 * its name (texts: Azure/azure-service-operator#784).
 */
export function assertSameLocation(
  existing: Pick<Identity, 'name' | 'resourceGroup' | 'location'>,
  location: string | undefined,
): void {
  if (location === undefined || shortLocation(location) === existing.location) return;
  const { name, resourceGroup } = existing;
  throw new ArmError(
    409,
    'InvalidResourceLocation',
    `The resource '${name}' already exists in location '${existing.location}' in resource group '${resourceGroup}'. A resource with the same name cannot be created in location '${shortLocation(location)}'. Please select a new resource name.`,
  );
}

export function locationRequired(): ArmError {
  return new ArmError(400, 'LocationRequired', 'The location property is required for this definition.');
}
