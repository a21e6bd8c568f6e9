import type { ConfigMap } from './builtin.ts';
import type { KubeObject } from './types.ts';

/** A ConfigMap as a server would send it; the uid is the name's unless given. */
export function configMap(
  name: string,
  resourceVersion: number | string,
  more: { uid?: string; data?: Record<string, string>; metadata?: Partial<KubeObject['metadata']> } = {},
): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace: 'test',
      name,
      uid: more.uid ?? `uid-${name}`,
      resourceVersion: String(resourceVersion),
      creationTimestamp: '2026-11-23T10:00:00Z',
      ...more.metadata,
    },
    ...(more.data ? { data: more.data } : {}),
  };
}
