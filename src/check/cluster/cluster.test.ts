import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { EventSource } from '../../api/event-source.ts';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import { roleGrant } from '../../api/role-grant.ts';
import { customResourceDefinition } from '../../api/schema/crd.ts';
import type { CustomResourceDefinition } from '../../kube/builtin.ts';
import { KubeError } from '../../kube/errors.ts';
import { type CheckFinding, exitCodeOf, ok, problem, unknown } from '../finding.ts';
import { admissionFound, type WebhookConfiguration, webhooksSeeing } from './admission.ts';
import { controllerOf, type Deployment, tagOf } from './controller.ts';
import { crdState, findingsOf } from './crds.ts';
import { issuerFinding } from './issuer.ts';
import { leaseFinding } from './leases.ts';
import { eventSourcesFound, policiesFound } from './objects.ts';
import {
  accessesOf,
  CLUSTER_RULES,
  type NeededRule,
  OUTPUT_RULES,
  OWN_RULES,
  rbacFound,
  rightsText,
} from './rbac.ts';

const states = (found: readonly CheckFinding[]) => found.map(({ state }) => state);
const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: `about ${reason}`,
  lastTransitionTime: '2026-11-29T00:00:00Z',
});
const named = (name: string, parts: object) =>
  ({ metadata: { name, uid: name, creationTimestamp: '2026-11-29T00:00:00Z' }, ...parts }) as unknown;

it.each<[readonly CheckFinding[], number]>([
  [[], 0],
  [[ok('a', '')], 0],
  [[ok('a', ''), unknown('b', '', '')], 2],
  [[problem('a', '', ''), unknown('b', '', ''), ok('c', '')], 1],
])('the exit code of %j is %i', (found, code) => {
  expect(exitCodeOf(found)).toBe(code);
});

describe('an installed kind', () => {
  const same = customResourceDefinition(roleGrant) as unknown as CustomResourceDefinition;
  const [version] = same.spec.versions;
  const withVersion = (parts: object) =>
    ({ ...same, spec: { ...same.spec, versions: [{ ...version, ...parts }] } }) as CustomResourceDefinition;

  it.each<[string, CustomResourceDefinition | undefined, string]>([
    ['as this azid has it', same, 'same'],
    ['that is not there', undefined, 'missing'],
    ['with other columns', withVersion({ additionalPrinterColumns: [] }), 'other'],
    ['with another schema', withVersion({ schema: { openAPIV3Schema: { type: 'object' } } }), 'other'],
    ['of another version', withVersion({ name: 'v9' }), 'notServed'],
    ['that is not served', withVersion({ served: false }), 'notServed'],
    [
      'whose names another one has',
      { ...same, status: { conditions: [condition('NamesAccepted', 'False', 'Conflict')] } } as never,
      'notServed',
    ],
  ])('%s', (_, installed, state) => {
    expect(crdState(roleGrant, installed).state).toBe(state);
  });

  it('is named where something is wrong, with the remedy', () => {
    const found = findingsOf([
      { kind: 'A', crd: { state: 'same' } },
      { kind: 'B', crd: { state: 'other' } },
      { kind: 'C', crd: { state: 'missing' } },
      { kind: 'D', crd: { state: 'notServed', why: 'expected version v1alpha1, got v1' } },
    ]);
    expect(states(found)).toEqual(['problem', 'problem', 'problem', 'ok']);
    expect(found.map(({ message }) => message)).toEqual([
      'not installed: C',
      'D is not served: expected version v1alpha1, got v1',
      'installed as of another version of azid: B',
      '1 of 4 kinds are installed as of this version',
    ]);
    expect(findingsOf([{ kind: 'A', crd: { state: 'missing' } }])).toMatchObject([
      { message: 'no kind of azid is installed', remedy: expect.stringContaining('crds/') },
    ]);
  });
});

const ACCOUNT = { namespace: 'a', serviceAccount: 'b' };
const outputs = accessesOf(OUTPUT_RULES);

describe('the rights of the controller', () => {
  it('are those that deploy/ gives to its ServiceAccount, no more and no less', async () => {
    const root = join(import.meta.dirname, '../../../deploy');
    const files = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('rbac.yaml'));
    const texts = await Promise.all(files.map((name) => readFile(join(root, name), 'utf8')));
    const plain = texts.filter((text) => !text.includes('{{'));
    const documents = plain.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS()));
    const rulesOf = (kind: string, name = 'azid-controller') =>
      documents
        .filter((each) => each.kind === kind && each.metadata.name === name)
        .flatMap(({ rules }) => rules)
        .flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.map((group: string): NeededRule => ({ group, resources, verbs })),
        );
    const sorted = (rules: readonly NeededRule[]) =>
      accessesOf(rules)
        .map((each) => JSON.stringify(each))
        .toSorted();
    expect(rulesOf('ClusterRole').length).toBeGreaterThan(3);
    expect(sorted(CLUSTER_RULES)).toEqual(sorted(rulesOf('ClusterRole')));
    expect(sorted(OUTPUT_RULES)).toEqual(sorted(rulesOf('ClusterRole', 'azid-controller-outputs')));
    expect(sorted(OWN_RULES)).toEqual(sorted(rulesOf('Role')));
  });

  it('that are missing are reported together, by resource', () => {
    const needed = accessesOf(OWN_RULES, 'azid-system');
    const denied = needed.filter(({ resource, verb }) => resource === 'leases' || verb === 'watch');
    expect(rightsText(denied)).toBe(
      'create,get,list,update,watch leases.coordination.k8s.io in azid-system; watch assignmentexpiries.azid.dev in azid-system; watch hostidentities.azid.dev in azid-system; watch orphanrecords.azid.dev in azid-system',
    );
    const [found] = rbacFound(ACCOUNT, { needed, outputs }, denied);
    expect(found).toMatchObject({ state: 'problem', message: expect.stringMatching(/^a\/b lacks/) });
    const all = needed.length + outputs.length;
    expect(rbacFound(ACCOUNT, { needed, outputs }, [])).toEqual([
      { area: 'rbac', state: 'ok', message: `a/b has the ${all} rights that azid needs` },
    ]);
    expect(rightsText([{ group: '', resource: 'configmaps', subresource: 'status', verb: 'get' }])).toBe(
      'get configmaps/status',
    );
  });
});

describe('the right to write outputs in every namespace', () => {
  const needed = accessesOf(CLUSTER_RULES);

  it('may be missing: then it is said where azid writes them, and how it may elsewhere', () => {
    expect(rbacFound(ACCOUNT, { needed, outputs }, outputs)).toEqual([
      { area: 'rbac', state: 'ok', message: `a/b has the ${needed.length} rights that azid needs` },
      {
        area: 'rbac',
        state: 'ok',
        message: 'outputs only where bound: a/b may not write ConfigMaps in every namespace',
        remedy: expect.stringContaining('--clusterrole azid-controller-outputs --serviceaccount a:b'),
      },
    ]);
    expect(states(rbacFound(ACCOUNT, { needed, outputs }, [...outputs, ...needed.slice(0, 1)]))).toEqual([
      'problem',
      'ok',
    ]);
  });

  it('is whole or missing: a part of it is a role that was altered', () => {
    const found = rbacFound(ACCOUNT, { needed, outputs }, outputs.slice(1));
    expect(found).toMatchObject([
      { state: 'problem', message: expect.stringContaining('delete,patch configmaps') },
    ]);
  });
});

describe('who works', () => {
  const controller = { key: 'n/d', image: '', ready: 0, replicas: 2, settings: {} };
  it.each<[Parameters<typeof leaseFinding>[0], string, string]>([
    [
      { state: 'working', holder: 'pod-1' },
      'ok',
      'pod-1 works since 2026-11-29T08:00:00Z; Deployment n/d has 0 of 2',
    ],
    [
      { state: 'none', why: 'Lease a/b is held by nobody' },
      'problem',
      'no controller works: Lease a/b is held',
    ],
    [
      { state: 'unknown', why: 'there is no Lease a/b' },
      'unknown',
      'it is not known whether a controller works: there is no Lease a/b',
    ],
  ])('%j is %s', (atWork, state, message) => {
    const finding = leaseFinding(atWork, '2026-11-29T08:00:00.123456Z', controller);
    expect([finding.state, finding.message]).toEqual([state, expect.stringContaining(message)]);
  });
});

describe('the issuer', () => {
  const issuer = 'https://10.0.0.1';
  it.each<[Parameters<typeof issuerFinding>[0], boolean, string]>([
    [{ state: 'known', issuer: 'https://a.example.org' }, false, 'ok'],
    [{ state: 'known', issuer }, true, 'ok'],
    [{ state: 'unreachable', issuer, why: 'private' }, false, 'problem'],
    [
      { state: 'unknown', error: new KubeError('no', { reason: 'Forbidden', status: 403 }) },
      false,
      'unknown',
    ],
  ])('%j is %s', (observed, isGiven, state) => {
    expect(issuerFinding(observed, isGiven).state).toBe(state);
  });
});

describe('the controller’s Deployment', () => {
  const deployment = (container: object) =>
    named('azid', {
      spec: {
        replicas: 2,
        template: { spec: { serviceAccountName: 'azid-controller', containers: [container] } },
      },
      status: { readyReplicas: 1 },
    }) as Deployment;

  it.each<[object, object]>([
    [
      { args: ['controller', '--tenant-id', 't', '--cluster-issuer=https://i'] },
      { tenantId: 't', clusterIssuer: 'https://i' },
    ],
    [
      {
        env: [
          { name: 'AZURE_TENANT_ID', value: 't' },
          { name: 'AZURE_CLIENT_ID', value: '' },
        ],
      },
      { tenantId: 't' },
    ],
    [
      { args: ['--client-id', 'flag'], env: [{ name: 'AZURE_CLIENT_ID', value: 'variable' }] },
      { clientId: 'flag' },
    ],
    [
      {
        envFrom: [{ configMapRef: { name: 'ids' } }],
        env: [{ name: 'AZURE_CLIENT_ID', valueFrom: { configMapKeyRef: { name: 'ids', key: 'client' } } }],
      },
      { tenantId: 'of-map', clientId: 'c' },
    ],
    [
      { args: ['--cloud=China'], env: [{ name: 'AZID_ARM_ENDPOINT', value: 'https://elsewhere.example' }] },
      { cloud: 'China' },
    ],
    [{}, {}],
  ])('%j has the settings %j', (container, settings) => {
    const maps = new Map([['ids', { AZURE_TENANT_ID: 'of-map', client: 'c' }]]);
    expect(controllerOf(deployment(container), maps)).toMatchObject({ ready: 1, replicas: 2 });
    expect(controllerOf(deployment(container), maps).settings).toEqual(settings);
  });

  it.each([
    ['registry.example.org:5000/azid:1.2.3', '1.2.3'],
    ['azid:v1@sha256:abc', 'v1'],
    ['registry.example.org:5000/azid', undefined],
    ['azid@sha256:abc', undefined],
  ])('%s is of version %s', (image, tag) => {
    expect(tagOf(image)).toBe(tag);
  });
});

describe('policies and queues', () => {
  const policy = (name: string, status?: object) =>
    named(name, { spec: {}, ...(status && { status }) }) as IdentityPolicy;
  const source = (conditions: readonly object[], spec: object = {}) =>
    named('queue', { spec, status: { conditions } }) as EventSource;
  const receiving = condition('Ready', 'True', 'Receiving');

  it('no policy is a problem, one that is wrong is named', () => {
    expect(policiesFound([])).toMatchObject([
      { state: 'problem', message: expect.stringContaining('no IdentityPolicy') },
    ]);
    const wrong = { conditions: [condition('Ready', 'False', 'PartlyInvalid')] };
    const fine = { conditions: [condition('Ready', 'True', 'Accepted')] };
    expect(policiesFound([policy('a', wrong), policy('b', fine)])).toMatchObject([
      { state: 'problem', message: 'IdentityPolicy a: PartlyInvalid: about PartlyInvalid' },
      { state: 'ok', message: '1 of 2 IdentityPolicies are in force' },
    ]);
  });

  it.each<[string, readonly EventSource[], string]>([
    ['none', [], 'ok'],
    ['receives, events come', [source([receiving, condition('EventsArriving', 'True', 'Arriving')])], 'ok'],
    ['receives, silent', [source([receiving, condition('EventsArriving', 'False', 'Silent')])], 'problem'],
    [
      'receives, none yet',
      [source([receiving, condition('EventsArriving', 'Unknown', 'NoneYet')])],
      'unknown',
    ],
    ['refused', [source([condition('Ready', 'False', 'QueueNotFound')])], 'problem'],
    ['not seen', [source([])], 'unknown'],
    ['suspended', [source([], { suspend: true })], 'ok'],
  ])('an EventSource: %s', (_, sources, state) => {
    expect(states(eventSourcesFound(sources))).toEqual([state]);
  });
});

describe('admission', () => {
  const hook = (rule: object, parts: object = {}) =>
    named('cfg', { webhooks: [{ name: 'hook', rules: [rule], ...parts }] }) as WebhookConfiguration;
  it.each<[string, object, boolean]>([
    ['everything', { apiGroups: ['*'], resources: ['*'], operations: ['*'] }, true],
    ['azid’s kinds', { apiGroups: ['azid.dev'], resources: ['rolegrants'], operations: ['UPDATE'] }, true],
    ['ConfigMaps', { apiGroups: [''], resources: ['configmaps'], operations: ['CREATE'] }, true],
    ['pods', { apiGroups: [''], resources: ['pods'], operations: ['CREATE'] }, false],
    ['connections', { apiGroups: ['*'], resources: ['*'], operations: ['CONNECT'] }, false],
  ])('a webhook that sees %s', (_, rule, sees) => {
    expect(webhooksSeeing([hook(rule)]).map(({ name }) => name)).toEqual(sees ? ['cfg/hook'] : []);
  });

  it('that must answer by default is a problem where its Service does not exist', () => {
    const rule = { apiGroups: ['*'], resources: ['*'] };
    expect(webhooksSeeing([hook(rule)])[0]?.mustAnswer).toBe(true);
    expect(webhooksSeeing([hook(rule, { failurePolicy: 'Ignore' })])[0]?.mustAnswer).toBe(false);
    expect(states(admissionFound(['cfg/hook'], ['policy'], ['cfg/hook (Service a/b)']))).toEqual([
      'problem',
      'ok',
    ]);
    expect(admissionFound(['cfg/hook'], ['policy'], [])).toMatchObject([
      { state: 'ok', message: expect.stringContaining('cfg/hook, policy') },
    ]);
  });
});
