import { HOST_CAPABILITIES } from '../../azure/hosts/types/capabilities.ts';

/**
 * Every resource type that azid calls, lower-cased as in the label `resource`, and the methods it uses, so that their
 * series start at zero: a rate over a series that appears with its first failure shows nothing of it.
 */
export const AZURE_RESOURCES: Readonly<Record<string, readonly string[]>> = {
  'microsoft.managedidentity/userassignedidentities': ['GET', 'PUT', 'PATCH', 'DELETE'],
  'microsoft.managedidentity/userassignedidentities/federatedidentitycredentials': ['GET', 'PUT', 'DELETE'],
  // The next two and the objects of the directory: by sweeps alone. POST, and reads all the same.
  'microsoft.managedidentity/userassignedidentities/listassociatedresources': ['POST'],
  'microsoft.resourcegraph/resources': ['POST'],
  // With --directory alone.
  'microsoft.graph/directoryobjects': ['GET', 'POST'],
  // Of the system-assigned identity of a resource: `<resource>/providers/…/identities/default`.
  'microsoft.managedidentity/identities': ['GET'],
  'microsoft.authorization/roleassignments': ['GET', 'PUT', 'DELETE'],
  'microsoft.authorization/roledefinitions': ['GET'],
  'microsoft.authorization/permissions': ['GET'],
  // Sign-ins, with --sign-ins alone.
  'microsoft.graph/auditlogs': ['GET'],
  // The Activity Log.
  'microsoft.insights/eventtypes/values': ['GET'],
  ...Object.fromEntries(
    HOST_CAPABILITIES.map(({ type, write }) => [
      type.toLowerCase(),
      ['GET', write === 'patch' ? 'PATCH' : 'PUT'],
    ]),
  ),
};
