import { ArmError } from '../http/operation.ts';

/** The public regions of Azure by short name, with the names people read (Microsoft Learn, "Azure regions list"). */
const REGIONS: readonly (readonly [name: string, displayName: string, geography: string])[] = [
  ['australiacentral', 'Australia Central', 'Australia'],
  ['australiaeast', 'Australia East', 'Australia'],
  ['australiasoutheast', 'Australia Southeast', 'Australia'],
  ['austriaeast', 'Austria East', 'Austria'],
  ['brazilsouth', 'Brazil South', 'Brazil'],
  ['canadacentral', 'Canada Central', 'Canada'],
  ['canadaeast', 'Canada East', 'Canada'],
  ['centralindia', 'Central India', 'India'],
  ['centralus', 'Central US', 'United States'],
  ['chilecentral', 'Chile Central', 'Chile'],
  ['eastasia', 'East Asia', 'Asia Pacific'],
  ['eastus', 'East US', 'United States'],
  ['eastus2', 'East US 2', 'United States'],
  ['francecentral', 'France Central', 'France'],
  ['germanywestcentral', 'Germany West Central', 'Germany'],
  ['indonesiacentral', 'Indonesia Central', 'Indonesia'],
  ['israelcentral', 'Israel Central', 'Israel'],
  ['italynorth', 'Italy North', 'Italy'],
  ['japaneast', 'Japan East', 'Japan'],
  ['japanwest', 'Japan West', 'Japan'],
  ['koreacentral', 'Korea Central', 'Korea'],
  ['koreasouth', 'Korea South', 'Korea'],
  ['malaysiasouth', 'Malaysia South', 'Malaysia'],
  ['malaysiawest', 'Malaysia West', 'Malaysia'],
  ['mexicocentral', 'Mexico Central', 'Mexico'],
  ['newzealandnorth', 'New Zealand North', 'New Zealand'],
  ['northcentralus', 'North Central US', 'United States'],
  ['northeurope', 'North Europe', 'Europe'],
  ['norwayeast', 'Norway East', 'Norway'],
  ['polandcentral', 'Poland Central', 'Poland'],
  ['qatarcentral', 'Qatar Central', 'Qatar'],
  ['southafricanorth', 'South Africa North', 'South Africa'],
  ['southcentralus', 'South Central US', 'United States'],
  ['southeastasia', 'Southeast Asia', 'Asia Pacific'],
  ['southindia', 'South India', 'India'],
  ['spaincentral', 'Spain Central', 'Spain'],
  ['swedencentral', 'Sweden Central', 'Sweden'],
  ['switzerlandnorth', 'Switzerland North', 'Switzerland'],
  ['uaenorth', 'UAE North', 'UAE'],
  ['uksouth', 'UK South', 'United Kingdom'],
  ['ukwest', 'UK West', 'United Kingdom'],
  ['westcentralus', 'West Central US', 'United States'],
  ['westeurope', 'West Europe', 'Europe'],
  ['westindia', 'West India', 'India'],
  ['westus', 'West US', 'United States'],
  ['westus2', 'West US 2', 'United States'],
  ['westus3', 'West US 3', 'United States'],
];

interface Location {
  readonly name: string;
  readonly displayName: string;
  readonly geography: string;
}

const LOCATIONS: readonly Location[] = REGIONS.map(([name, displayName, geography]) => ({
  name,
  displayName,
  geography,
}));
const BY_NAME = new Map(LOCATIONS.map((location) => [location.name, location]));

export const locations = (): readonly Location[] => LOCATIONS;

/** `westeurope` -> `West Europe`; what is no region stays as it is. */
export const displayNameOf = (location: string): string => BY_NAME.get(location)?.displayName ?? location;

/** Refuses a location that Azure does not have, for a type or (without one) for a group. */
export function assertLocation(location: string, type?: string): void {
  if (BY_NAME.has(shortLocation(location))) return;
  const [code, what] =
    type === undefined
      ? ['LocationNotAvailableForResourceGroup', 'resource group']
      : ['LocationNotAvailableForResourceType', `resource type '${type}'`];
  const regions = LOCATIONS.map(({ name }) => name).join(',');
  throw new ArmError(
    400,
    code,
    `The provided location '${location}' is not available for ${what}. List of available regions ${type === undefined ? 'is' : 'for the resource type is'} '${regions}'.`,
  );
}

/** `West Europe` -> `westeurope`. */
export const shortLocation = (location: string): string => location.replace(/\s/g, '').toLowerCase();

/**
 * ARM compares locations without case and spaces and answers the short form. A resource cannot be put elsewhere under
 * its name (texts: Azure/azure-service-operator#784).
 */
export function assertSameLocation(
  existing: { readonly name: string; readonly resourceGroup: string; readonly location: string },
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
