/**
 * The functions that Bicep shares with templates and that deploy/azure/bicep may use: what is not here is most likely misspelt. The
 * language reference of Azure lists them under "Bicep functions".
 */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['array', 'concat', 'contains', 'empty', 'first', 'flatten', 'intersection', 'join', 'last', 'length'],
  ...['map', 'filter', 'range', 'skip', 'take', 'union', 'items', 'toObject'],
  ...['startsWith', 'endsWith', 'format', 'guid', 'replace', 'split', 'string', 'toLower', 'toUpper', 'trim'],
  ...['uniqueString', 'indexOf', 'substring', 'int', 'bool', 'fail'],
  ...['deployment', 'resourceGroup', 'subscription', 'tenant', 'environment'],
  ...['resourceId', 'subscriptionResourceId', 'extensionResourceId', 'tenantResourceId'],
]);

/** Those that the compiler works out itself: what is read stands in the template. */
export const LOADS: ReadonlySet<string> = new Set(['loadJsonContent', 'loadTextContent']);
