/**
 * Whether `AzureHost.instance` is that of one resource alone, wherever it is moved to: `vmId` of a machine, `uniqueId` of a
 * scale set. Creation times are not: two resources may have the same.
 */
export function isUniqueInstance(instance: string | undefined): instance is string {
  return instance !== undefined && /^(vmId|uniqueId):./.test(instance);
}
