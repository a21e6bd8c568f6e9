import { describe, expect, it } from 'vitest';
import { KINDS } from '../index.ts';
import { customResourceDefinition } from './crd.ts';
import { API_VERSIONS, type ApiVersion, VERSION } from './kind.ts';

interface Crd {
  readonly spec: {
    readonly conversion?: object;
    readonly versions: readonly (ApiVersion & {
      readonly deprecationWarning?: string;
      readonly schema: object;
    })[];
  };
}
const crdOf = (kind: (typeof KINDS)[number], versions?: readonly ApiVersion[]) =>
  customResourceDefinition(kind, versions) as unknown as Crd;

describe('versions of the API', () => {
  const two: readonly ApiVersion[] = [
    { name: 'v1alpha1', served: true, storage: false, deprecated: true },
    { name: 'v1beta1', served: true, storage: true },
  ];

  it.each(KINDS)(
    'of $resource.kind differ in nothing that conversion without a webhook would lose',
    (kind) => {
      const { conversion, versions } = crdOf(kind, two).spec;
      expect(conversion).toEqual({ strategy: 'None' });
      const [old, next] = versions.map(
        ({ name: _, storage: __, deprecated: ___, deprecationWarning: ____, ...rest }) => rest,
      );
      expect(old).toEqual(next);
      expect(Object.keys(old?.schema ?? {})).toEqual(['openAPIV3Schema']);
    },
  );

  it('warn of the one to leave, and name the other', () => {
    const [kind] = KINDS;
    if (!kind) throw new Error('expected a kind');
    expect(crdOf(kind, two).spec.versions.map((each) => each.deprecationWarning)).toEqual([
      `azid.dev/v1alpha1 ${kind.resource.kind} is deprecated; use azid.dev/${kind.resource.version}`,
      undefined,
    ]);
  });

  it('are one as long as nothing needs two, the one that azid speaks', () => {
    expect(API_VERSIONS.filter(({ served }) => served).map(({ name }) => name)).toContain(VERSION);
    for (const kind of KINDS) {
      expect(kind.resource.version).toBe(VERSION);
      expect(crdOf(kind).spec.conversion).toBe(API_VERSIONS.length > 1 ? expect.anything() : undefined);
    }
  });

  it.each([
    ['none', []],
    ['v1alpha1, v1beta1', two.map((each) => ({ ...each, storage: true }))],
  ])('of which %s is stored are refused', (got, versions) => {
    const [kind] = KINDS;
    if (!kind) throw new Error('expected a kind');
    expect(() => crdOf(kind, versions)).toThrow(`versions: expected one that is stored, got ${got}`);
  });
});
