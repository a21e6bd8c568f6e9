import { describe, expect, it } from 'vitest';
import { configMaps, customResourceDefinitions, leases, namespaces } from './builtin.ts';
import { collectionPath, creationPath, objectPath } from './types.ts';

describe('paths', () => {
  it('are those of the API server, for core and named groups, with and without namespace', () => {
    expect(collectionPath(configMaps)).toBe('/api/v1/configmaps');
    expect(collectionPath(leases, 'a')).toBe('/apis/coordination.k8s.io/v1/namespaces/a/leases');
    expect(objectPath(namespaces, 'a')).toBe('/api/v1/namespaces/a');
    expect(objectPath(configMaps, 'a/b', 'status')).toBe('/api/v1/namespaces/a/configmaps/b/status');
    expect(objectPath(configMaps, 'a/b?c')).toBe('/api/v1/namespaces/a/configmaps/b%3Fc');
    expect(creationPath(customResourceDefinitions, { metadata: {} })).toBe(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    );
  });

  it('refuse a key that does not fit the scope, which would reach another object or a whole collection', () => {
    expect(() => objectPath(configMaps, 'b')).toThrow(
      'Expected the key of a ConfigMap to be "namespace/name", got "b"',
    );
    expect(() => objectPath(configMaps, 'a/')).toThrow(/got "a\/"/);
    expect(() => objectPath(namespaces, 'a/b')).toThrow(/to be "name", got "a\/b"/);
    expect(() => collectionPath(namespaces, 'a')).toThrow(/cluster-scoped, got "a"/);
    expect(() => creationPath(configMaps, { metadata: {} })).toThrow(/metadata.namespace of a ConfigMap/);
  });
});
