import type { Operation } from '../http/operation.ts';

/**
 * GET `/metadata/endpoints`, without login: by this `az cloud register` and the Terraform providers find the other
 * endpoints of a cloud. Everything the simulator has lives under its own origin.
 */
export function cloudMetadataOperations(tenantId: string): readonly Operation[] {
  return [
    {
      id: 'metadata.endpoints',
      method: 'GET',
      pattern: '/metadata/endpoints',
      resourceType: 'Microsoft.Resources/metadata',
      apiVersions: ['2015-01-01', '2018-05-01', '2019-05-01', '2020-06-01', '2022-09-01', '2023-12-01'],
      action: '',
      checksRights: true,
      anonymous: true,
      handle: ({ origin, apiVersion }) => ({ status: 200, body: bodyOf(origin, tenantId, apiVersion) }),
    },
  ];
}

/** Up to 2018 a short object, until 2022 a list of clouds, since then the cloud that was asked. */
function bodyOf(origin: string, tenantId: string, apiVersion: string): unknown {
  const audiences = ['https://management.core.windows.net/', 'https://management.azure.com/'];
  const authentication = { loginEndpoint: origin, audiences, tenant: 'common', identityProvider: 'AAD' };
  if (apiVersion < '2019')
    return {
      galleryEndpoint: `${origin}/`,
      graphEndpoint: `${origin}/`,
      portalEndpoint: `${origin}/`,
      authentication: { loginEndpoint: `${origin}/`, audiences },
    };
  const host = new URL(origin).hostname;
  const cloud = {
    name: 'AzidSimulator',
    portal: origin,
    resourceManager: `${origin}/`,
    authentication,
    graph: `${origin}/`,
    graphAudience: 'https://graph.windows.net/',
    microsoftGraphResourceId: `${origin}/`,
    activeDirectoryDataLake: `${origin}/`,
    batch: `${origin}/`,
    gallery: `${origin}/`,
    media: `${origin}/`,
    sqlManagement: `${origin}/`,
    vmImageAliasDoc: `${origin}/aliases.json`,
    logAnalyticsResourceId: 'https://api.loganalytics.io',
    appInsightsResourceId: 'https://api.applicationinsights.io',
    suffixes: {
      storage: 'core.windows.net',
      keyVaultDns: 'vault.azure.net',
      acrLoginServer: 'azurecr.io',
      sqlServerHostname: 'database.windows.net',
      azureFrontDoorEndpointSuffix: 'azurefd.net',
      mhsmDns: 'managedhsm.azure.net',
    },
    homeTenantId: tenantId,
    host,
  };
  return apiVersion < '2022' ? [cloud] : cloud;
}
