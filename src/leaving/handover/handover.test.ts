import { describe, expect, it } from 'vitest';
import { kindNamed } from '../../api/index.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import type { ConfigMap, Namespace } from '../../kube/builtin.ts';
import type { Found } from '../objects.ts';
import { type Bundle, readBundle, writeBundle } from './bundle.ts';
import { decideImport, differenceOf } from './decide-import.ts';
import { bundleOf } from './export.ts';
import type { Installation } from './installation.ts';
import { statusFor, withNewUids } from './make-objects.ts';

const OLD = 'aaaaaaaa-0000-4000-8000-000000000001';
const NEW = 'bbbbbbbb-0000-4000-8000-000000000002';
const OTHER = 'cccccccc-0000-4000-8000-000000000003';
const UIDS = new Map([[OLD, NEW]]);
const INSTALLATION = '33333333-3333-4333-8333-333333333333';
const HERE = 'cluster-old';
const THERE = 'cluster-new';

describe('uids', () => {
  it('are the new ones wherever an old one stands: in values, in keys, within a text, in any case', () => {
    const value = {
      owners: [{ uid: OLD, name: 'read' }, { uid: OTHER }],
      [OLD]: `${OLD.toUpperCase()} installation`,
      at: 7,
    };
    expect(withNewUids(value, UIDS)).toEqual({
      owners: [{ uid: NEW, name: 'read' }, { uid: OTHER }],
      [NEW]: `${NEW} installation`,
      at: 7,
    });
  });

  it('of a longer text of hexadecimal digits are none', () => {
    expect(withNewUids('0123', UIDS)).toBe('0123');
  });
});

describe('a status', () => {
  const status = {
    observedGeneration: 4,
    ledger: ['/x'],
    conditions: [
      { type: 'Ready', observedGeneration: 4 },
      { type: 'Stalled', observedGeneration: 3 },
    ],
  };
  it('is about the spec as it is, if it did so', () => {
    expect(statusFor(status, { from: 4, to: 1 }, UIDS)).toEqual({
      observedGeneration: 1,
      ledger: ['/x'],
      conditions: [
        { type: 'Ready', observedGeneration: 1 },
        { type: 'Stalled', observedGeneration: -1 },
      ],
    });
  });
  it('about an earlier one is never about the one that is made', () => {
    const earlier = { ...status, observedGeneration: 1 };
    expect(statusFor(earlier, { from: 4, to: 1 }, UIDS).observedGeneration).toBe(-1);
  });
});

function bundle(): Bundle {
  return {
    version: 1,
    installationId: INSTALLATION,
    clusterUid: HERE,
    exportedAt: '2026-11-29T12:00:00Z',
    namespaces: [],
    objects: [],
    principals: {},
    configMaps: [],
  };
}

describe('a bundle', () => {
  it('is read as it was written, in any order that a tool gives its members', () => {
    const text = writeBundle(bundle());
    expect(readBundle(text)).toEqual(bundle());
    const { azidHandover, digest } = JSON.parse(text);
    const turned = Object.fromEntries(Object.entries(azidHandover).toReversed());
    expect(readBundle(JSON.stringify({ digest, azidHandover: turned }))).toEqual(bundle());
  });
  it.each([
    ['cut off', writeBundle(bundle()).slice(0, -20), 'was it cut off?'],
    ['edited', writeBundle(bundle()).replace(HERE, THERE), 'do not edit it'],
    ['of something else', '{"kind":"List"}', 'expected the output of azid handover export'],
    ['of another version', writeBundle({ ...bundle(), version: 2 as 1 }), 'of this version'],
  ])('that is %s is refused', (_, text, message) => {
    expect(() => readBundle(text)).toThrow(message);
  });

  it('has all that azid keeps, the oldest first, and nothing of others', () => {
    const object = (kindName: string, namespace: string, name: string, created: string): Found => {
      const kind = kindNamed(kindName);
      if (!kind) throw new Error(`expected ${kindName} to be a kind`);
      const metadata = {
        namespace,
        name,
        uid: `uid-${name}`,
        resourceVersion: '9',
        generation: 2,
        creationTimestamp: created,
        finalizers: [FINALIZER, 'example.org/hold'],
        ownerReferences: [{ uid: 'x' }],
      };
      return { kind, object: { kind: kindName, metadata, spec: {} } as unknown as Found['object'] };
    };
    const map = (name: string, data: object) =>
      ({ metadata: { namespace: 'azid-system', name }, data }) as unknown as ConfigMap;
    const space = (name: string) =>
      ({
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name, env: 'prod' } },
      }) as unknown as Namespace;
    const made = bundleOf(
      [
        object('RoleGrant', 'team', 'young', '2026-11-29T12:00:01Z'),
        object('HostIdentity', 'azid-system', 'host', '2026-11-29T12:00:00Z'),
        object('RoleGrant', 'team', 'old', '2026-11-28T12:00:00Z'),
      ],
      [
        map('azid-installation', { installationId: INSTALLATION }),
        map('azid-principals-a', { u1: `p1 ${INSTALLATION}`, u2: 'p2 another' }),
        map('azid-activity-log', { at: 'x' }),
        map('azid-left-behind', { u: '{}' }),
        map('somebody-elses', { a: 'b' }),
      ],
      [space('team'), space('other'), space('azid-system')],
      { installationId: INSTALLATION, clusterUid: HERE, exportedAt: 'now', namespace: 'azid-system' },
    );
    expect(made.objects.map(({ name, namespace }) => `${namespace}/${name}`)).toEqual([
      'team/old',
      '/host',
      'team/young',
    ]);
    expect(made.objects[0]).toMatchObject({ uid: 'uid-old', generation: 2, finalizer: true });
    expect(JSON.stringify(made)).not.toContain('example.org/hold');
    expect(JSON.stringify(made)).not.toContain('ownerReferences');
    expect(made.principals).toEqual({ u1: 'p1' });
    expect(made.configMaps).toEqual([]);
    expect(made.namespaces).toEqual([{ name: 'team', labels: { env: 'prod' } }]);
  });
});

describe('an import', () => {
  const there = (finalizers: readonly string[] = []) =>
    new Map(finalizers.length === 0 ? [] : [['RoleGrant team/x', { metadata: { finalizers } } as never]]);
  const state = (parts: Partial<Installation>): Installation => ({
    installationId: INSTALLATION,
    clusterUid: THERE,
    handedOver: undefined,
    finished: undefined,
    importing: undefined,
    imported: undefined,
    resourceVersion: '1',
    ...parts,
  });
  const decide = (installation?: Installation, cluster = THERE, objects = there()) =>
    decideImport(bundle(), installation, cluster, objects, 'the ConfigMap');

  it.each<[string, () => string, string]>([
    ['begins where azid never was', () => decide(), 'begin'],
    ['goes on where it was interrupted', () => decide(state({ importing: 't' })), 'begin'],
    ['is done once', () => decide(state({ imported: 't' })), 'done'],
    [
      'takes the place of an azid that has nothing here',
      () => decide(state({ installationId: 'another' }), THERE, there(['example.org/x'])),
      'begin',
    ],
  ])('%s', (_, decided, verdict) => {
    expect(decided()).toBe(verdict);
  });
  it.each<[string, () => string, string]>([
    ['into the cluster it came from', () => decide(undefined, HERE), 'run azid handover revert'],
    [
      'where another azid has objects',
      () => decide(state({ installationId: 'another' }), THERE, there([FINALIZER])),
      'Uninstall azid here first',
    ],
    [
      'of another bundle that was begun',
      () => decide(state({ installationId: 'another', importing: 't' })),
      'Uninstall azid here first',
    ],
    ['into a copy of the old cluster', () => decide(state({ clusterUid: HERE })), 'seems to be a copy'],
    ['into one that was itself left', () => decide(state({ handedOver: 't' })), 'was itself handed over'],
  ])('is refused %s', (_, decided, message) => {
    expect(decided).toThrow(message);
  });

  it('names in what something differs that is there', () => {
    expect(differenceOf({ a: { b: 1 } }, { a: { b: 2 } }, 'spec')).toBe('spec.a.b: expected 1, got 2');
    expect(differenceOf({ a: [1] }, { a: [1], c: 'x' }, 'spec')).toBe('spec.c: expected nothing, got "x"');
    expect(differenceOf({ a: [1], b: {} }, { b: {}, a: [1] }, 'spec')).toBeUndefined();
  });
});
