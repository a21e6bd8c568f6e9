import { describe, expect, it } from 'vitest';
import { leftovers } from './leftovers.ts';

const CRD = '/registry/apiextensions.k8s.io/customresourcedefinitions/rolegrants.azid.dev';
const ROLE = '/registry/clusterroles/azid-controller';
const SERVICE_ACCOUNT = '/registry/serviceaccounts/azid-system/azid';
const installed = new Map([
  [CRD, 3],
  [ROLE, 4],
  [SERVICE_ACCOUNT, 5],
  ['/registry/clusterroles/system:node', 2],
  ['/registry/namespaces/azid-system', 1],
]);

describe('what a test file left in an API server', () => {
  it('is what was not there before it', () => {
    const made = [
      '/registry/azid.dev/rolegrants/team-1/read',
      '/registry/namespaces/team-1',
      '/registry/configmaps/team-1/web-identity',
      '/registry/configmaps/azid-system/azid-installation',
      '/registry/leases/azid-system/azid-controller',
      '/registry/events/team-1/web.1234',
      '/registry/clusterroles/tenant',
      '/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.org',
    ];
    const after = new Map([...installed, ...made.map((key) => [key, 9] as const)]);
    expect(leftovers(installed, after)).toEqual({ made, altered: [] });
  });

  it('is nothing that the API server writes for itself', () => {
    const after = new Map([
      ...installed,
      ['/registry/leases/kube-system/apiserver-abc', 9],
      ['/registry/configmaps/kube-system/extension-apiserver-authentication', 9],
      ['/registry/flowschemas/probes', 9],
      ['/registry/clusterroles/system:node', 9],
      ['/registry/clusterroles/system:late', 9],
      ['/registry/namespaces/kube-node-lease', 9],
    ]);
    expect(leftovers(installed, after)).toEqual({ made: [], altered: [] });
  });

  it.each([CRD, ROLE, SERVICE_ACCOUNT])('is told apart from an installation that was edited: %s', (key) => {
    expect(leftovers(installed, new Map([...installed, [key, 9]])).altered).toEqual([key]);
    const without = new Map(installed);
    without.delete(key);
    expect(leftovers(installed, without).altered).toEqual([key]);
  });
});
