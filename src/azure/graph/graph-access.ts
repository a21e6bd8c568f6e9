import { ArmAccess, type ArmAccessOptions } from '../arm/arm-access.ts';

/** Labels of metrics: what is asked of Graph. */
export const AUDIT_LOGS = 'microsoft.graph/auditlogs';
export const DIRECTORY_OBJECTS = 'microsoft.graph/directoryobjects';
export type GraphPart = typeof AUDIT_LOGS | typeof DIRECTORY_OBJECTS;

/**
 * The way to Microsoft Graph: another endpoint and another token, and the same rules as on the way to Resource Manager (links of the
 * same origin, time limits, certificates, no retries of its own).
 */
export function graphAccess(part: GraphPart, { cloud, metrics, ...options }: ArmAccessOptions): ArmAccess {
  return new ArmAccess({
    ...options,
    cloud: { ...cloud, armEndpoint: cloud.graphEndpoint, armScope: cloud.graphScope },
    ...(metrics && {
      metrics: {
        request: (seconds, labels) => metrics.request(seconds, { ...labels, resource: part }),
        // Graph has other headers for what is left of its buckets.
        remaining: () => {},
      },
    }),
  });
}
