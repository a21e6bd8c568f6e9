import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { FROZEN_PATTERNS } from '../../src/api/schema/frozen-patterns.fixture.ts';
import { refusal } from '../support/kinds/refusals.ts';
import { RG1, useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/**
 * Every text with a form of its own, at the real door: the same texts are taken and refused as by the first CRDs, and a refusal
 * tells field, expectation and what was given, never a regular expression alone.
 */
const stage = useStage();

const SUB = `/subscriptions/${SUBSCRIPTION}`;
const VM = `${RG1}/providers/Microsoft.Compute/virtualMachines/vm-1`;
const WEB = `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;

/** Texts that are right somewhere, and slips that people make. */
const CORPUS: readonly string[] = [
  ...[SUBSCRIPTION, SUBSCRIPTION.toUpperCase(), SUBSCRIPTION.slice(1), 'production', `{${SUBSCRIPTION}}`],
  ...['rg1', 'My_Group.(1)', 'ends-with.', 'a b', 'x'.repeat(90)],
  ...['westeurope', 'West Europe', 'westeurope ', ' westeurope', 'north-europe'],
  ...['web', 'Web', 'ab', '-web', 'web_1', 'web.example', 'web.', 'web-', 'wéb', 'team-\u212a'],
  ...[SUB, `${SUB}/`, RG1, `${RG1}/`, RG1.replace('resourceGroups', 'resourcegroups')],
  ...[
    RG1.replace('resourceGroups', 'resourceGroup'),
    RG1.replace('resourceGroups', 'RESOURCEGROUPS'),
    `${RG1}.`,
  ],
  ...[SUB.replace(SUBSCRIPTION, 'production'), SUB.slice(1), `https://management.azure.com${RG1}`],
  ...[VM, `${VM}/`, `${VM}?x`, `${VM}/extensions/a`, VM.replace('/vm-1', ''), `${VM} `, VM.replace(RG1, SUB)],
  ...[
    WEB,
    WEB.replace('Microsoft', 'microsoft'),
    WEB.toLowerCase(),
    `${WEB}!`,
    WEB.replace('/web', '/ab'),
    `${WEB}/x`,
  ],
  ...[
    '/',
    '//',
    '/providers/Microsoft.Management/managementGroups/all',
    '/providers/Microsoft.Management/managementGroups/',
  ],
  ...['/providers/Microsoft.Compute/x/y', `${SUB}/providers/a/b`, `${SUB}//a`, `${SUB}/a%2Fb`],
  ...[
    'Microsoft.Compute/virtualMachines',
    'Microsoft.Web/sites/slots',
    'virtualMachines',
    'Microsoft.Compute/*',
    '*',
    '**',
  ],
  ...['8h', '30d', '1d12h30m', '8 hours', '90s', 'h', '1h1d'],
  ...['2025-04-01', '2025-04-01-preview', '2025-4-1', 'latest'],
  ...[
    'https://issuer.example',
    'http://issuer.example',
    'https://issuer.example?a',
    'https://',
    'release/1',
    'main:x',
    'a*',
  ],
  ...[
    `/providers/Microsoft.Authorization/roleDefinitions/${SUBSCRIPTION}`,
    `roleDefinitions/${SUBSCRIPTION}`,
  ],
];

const ref = { name: 'web' };
const host = { types: ['*'], scopes: [RG1] };
/** For each kind specs that are taken, and that together have every field in question. */
const SPECS: Readonly<Record<string, readonly object[]>> = {
  IdentityPolicy: [
    {
      namespaces: { names: ['nobody'] },
      identities: { scopes: [RG1] },
      adoption: { identityIds: [WEB] },
      grants: [{ roles: ['Reader'], scopes: [RG1], principals: { ids: [SUBSCRIPTION] }, maxDuration: '8h' }],
      attachments: [{ ...host, identities: { ids: [WEB] } }],
      systemAssigned: [host],
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
    },
  ],
  UserAssignedIdentity: [
    {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'rg1',
      location: 'westeurope',
      name: 'web',
      output: { configMap: { name: 'web' } },
    },
  ],
  FederatedIdentityCredential: [
    { identityRef: ref, issuer: 'https://issuer.example', subject: 'job' },
    { identityRef: ref, kubernetes: { serviceAccount: ref } },
    ...['environment', 'branch', 'tag'].map((context) => ({
      identityRef: ref,
      github: { organization: 'contoso', repository: 'shop', [context]: 'main' },
    })),
  ],
  RoleGrant: [
    { principal: { identityRef: ref }, role: { id: SUBSCRIPTION }, scope: RG1 },
    { principal: { id: SUBSCRIPTION, type: 'User' }, role: { name: 'Reader' }, scope: RG1 },
  ],
  SystemAssignedIdentity: [{ resourceId: VM, apiVersion: '2025-04-01' }],
  IdentityAttachment: [
    { identityRef: ref, target: { resourceId: VM }, apiVersion: '2025-04-01' },
    {
      identityId: WEB,
      target: {
        selector: {
          subscriptionId: SUBSCRIPTION,
          resourceGroup: 'rg1',
          type: 'Microsoft.Compute/virtualMachines',
          tags: { app: 'web' },
        },
      },
    },
  ],
};

interface Node {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

/** `a.b[].c` as steps: `a`, `b`, 0, `c`. */
const stepsOf = (path: string) =>
  path.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), 0] : [step]));

function nodeOf(kindName: string, path: string): Node {
  const kind = KINDS.find(({ resource }) => resource.kind === kindName);
  if (!kind) throw new Error(`there is no kind ${kindName}`);
  const crd = customResourceDefinition(kind) as unknown as {
    spec: { versions: readonly [{ schema: { openAPIV3Schema: { properties: { spec: Node } } } }] };
  };
  let node: Node | undefined = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  for (const step of stepsOf(path)) node = step === 0 ? node?.items : node?.properties?.[step];
  if (!node) throw new Error(`${kindName} has no field ${path}`);
  return node;
}

/** The first spec of the kind that has the field, with another value in it. */
function specWith(kind: string, path: string, value: string): object {
  const steps = stepsOf(path);
  for (const each of SPECS[kind] ?? []) {
    const spec = structuredClone(each);
    let at: unknown = spec;
    for (const step of steps.slice(0, -1)) at = (at as Record<string, unknown> | undefined)?.[step];
    const holder = at as Record<string, unknown> | undefined;
    const last = steps.at(-1) ?? '';
    if (holder?.[last] === undefined) continue;
    holder[last] = value;
    return spec;
  }
  throw new Error(`expected SPECS to have a ${kind} with ${path}, got none`);
}

/** Go's `\s`, which the API server means, is ASCII. */
const asInGo = ({ source }: RegExp) => new RegExp(source.replaceAll('\\s', '\\t\\n\\f\\r '));

const ROWS = FROZEN_PATTERNS.flatMap(([pattern, fields]) =>
  fields.map((field) => {
    const [kind = '', path = ''] = field.split('.spec.');
    return { field, kind, path, pattern };
  }),
);
let made = 0;
/** An API server answers several as fast as one. */
const AT_ONCE = 8;

describe.each(ROWS)('$field', ({ kind, path, pattern }) => {
  const shown = `spec.${path.replaceAll('[]', '[0]')}`;
  const { minLength = 0, maxLength = 0, pattern: kept } = nodeOf(kind, path);
  const tried = CORPUS.filter((text) => text.length >= minLength && text.length <= maxLength);
  const said = async (value: string) => {
    const namespaced = kind === 'IdentityPolicy' ? {} : { namespace: stage.namespace };
    const metadata = { name: `door-${++made}`, ...namespaced };
    return refusal(stage.cluster, kind, metadata, specWith(kind, path, value)).catch((error: unknown) => {
      if ((error as Error).message.includes('it took it')) return '';
      throw error;
    });
  };

  it('takes what it took, and refuses the rest in words', async () => {
    const right = asInGo(pattern);
    const wrong: string[] = [];
    const answers = new Map<string, string>();
    for (let at = 0; at < tried.length; at += AT_ONCE)
      await Promise.all(
        tried.slice(at, at + AT_ONCE).map(async (value) => answers.set(value, await said(value))),
      );
    for (const [value, answer] of answers) {
      const blanks = value !== value.trim();
      const worded =
        (answer.includes(`${shown}: Invalid value: ${JSON.stringify(value)}: expected `) &&
          answer.includes(`, got '${value}'`)) ||
        // Some fields have a rule of their own for that.
        (blanks && answer.includes('expected no white space at the ends, got '));
      // White space at the ends is refused by name nowadays, also where a pattern took it.
      const taken = right.test(value) && !(blanks && answer !== '');
      if (taken ? answer.includes(shown) && worded : !answer.includes(`${shown}: Invalid value`))
        wrong.push(`${JSON.stringify(value)}: ${answer || 'taken'}`);
      if (kept !== undefined || right.test(value)) continue;
      if (!worded || /should match|\[0-9a|\^/.test(answer)) wrong.push(`${JSON.stringify(value)}: ${answer}`);
      if (blanks && !/white space at (its|the) ends/.test(answer))
        wrong.push(`${JSON.stringify(value)} without a word on white space: ${answer}`);
    }
    expect(wrong).toEqual([]);
  });

  it('says in words what is wrong with a plain name, and with one that breaks the line', async () => {
    const slip = '!nonsense';
    const answer = await said(slip);
    // A name of GitHub may be nearly anything.
    if (asInGo(pattern).test(slip)) return expect(answer).toBe('');
    expect(answer).toContain(`${shown}: Invalid value: "${slip}": expected `);
    expect(answer).toContain(`got '${slip}'`);
    const broken = await said('!non\nsense');
    expect(broken).toContain(`${shown}: Invalid value: "!non\\nsense": expected `);
    if (kept === undefined) expect(broken).not.toMatch(/should match|failed rule|\[0-9a/);
  });
});

it('in a list of lists most slips are reported in words beside the pattern', async () => {
  const slips: readonly (readonly [string, string])[] = [
    ['grants[].scopes[]', 'quickstart'],
    ['grants[].scopes[]', `${RG1}/`],
    ['grants[].scopes[]', '/subscriptions/production'],
    ['attachments[].scopes[]', RG1.replace('resourceGroups', 'resourceGroup')],
    ['systemAssigned[].scopes[]', RG1.slice(1)],
    ['attachments[].identities.ids[]', 'web'],
    ['attachments[].identities.ids[]', `${WEB}/federatedIdentityCredentials/x`],
  ];
  for (const [path, value] of slips) {
    const answer = await refusal(
      stage.cluster,
      'IdentityPolicy',
      { name: 'slip' },
      specWith('IdentityPolicy', path, value),
    );
    expect(answer).toContain(`spec.${path.replaceAll('[]', '[0]')}: Invalid value: "${value}": expected `);
    expect(answer).toContain(`got '${value}'`);
  }
});
