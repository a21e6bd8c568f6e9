// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of Bicep
import { describe, expect, it } from 'vitest';
import { compileBicep } from './compile.ts';

const compile = (source: string, others: Readonly<Record<string, string>> = {}) =>
  compileBicep('folder/main.bicep', (path) => {
    const text = { 'folder/main.bicep': source, ...others }[path];
    if (text === undefined) throw new Error(`no file ${path}`);
    return text;
  });
const resources = (source: string, others?: Readonly<Record<string, string>>) =>
  compile(source, others).resources as readonly Record<string, unknown>[];
/** What a variable becomes. */
const value = (expression: string) =>
  compile(`param p string\nparam list array\nparam on bool\nvar v = ${expression}\n`).variables?.v;

describe('an expression', () => {
  it.each<[string, unknown]>([
    ["'plain'", 'plain'],
    ["'it\\'s'", "it's"],
    ["'[not an expression'", '[[not an expression'],
    ['42', 42],
    ['null', null],
    ["['a', p]", ['a', "[parameters('p')]"]],
    ["{ a: p, 'b-c': { d: true } }", { a: "[parameters('p')]", 'b-c': { d: true } }],
    ["'a-${p}-{b}'", "[format('a-{0}-{{b}}', parameters('p'))]"],
    ["'${join(list, ', ')}'", "[format('{0}', join(parameters('list'), ', '))]"],
    ["on ? 'it\\'s' : p", "[if(parameters('on'), 'it''s', parameters('p'))]"],
    ["on\n  ? 'a'\n  : 'b'", "[if(parameters('on'), 'a', 'b')]"],
    [
      "!empty(p) && length(list) >= 2 || p == 'x'",
      "[or(and(not(empty(parameters('p'))), greaterOrEquals(length(parameters('list')), 2)), equals(parameters('p'), 'x'))]",
    ],
    ['list[0].name', "[parameters('list')[0].name]"],
    [
      "map(list, each => 'x${each}')",
      "[map(parameters('list'), lambda('each', format('x{0}', lambdaVariables('each'))))]",
    ],
    [
      'filter(list, (each, i) => i > 0)',
      "[filter(parameters('list'), lambda('each', 'i', greater(lambdaVariables('i'), 0)))]",
    ],
    [
      'concat([p], on ? [{ a: 1 }] : [])',
      "[concat(createArray(parameters('p')), if(parameters('on'), createArray(createObject('a', 1)), createArray()))]",
    ],
    ["'''\ntwo\nlines'''", 'two\nlines'],
    ['(1 + 2) * 3 // comment', '[mul(add(1, 2), 3)]'],
    ['subscription().id', '[subscription().id]'],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });
});

it('a parameter has its limits, default and description', () => {
  const { parameters } = compile(
    "@description('why')\n@minLength(3)\n@allowed([\n  'a'\n  'b'\n])\nparam p string = 'a'\nparam q int\n",
  );
  expect(parameters).toEqual({
    p: {
      type: 'string',
      defaultValue: 'a',
      minLength: 3,
      allowedValues: ['a', 'b'],
      metadata: { description: 'why' },
    },
    q: { type: 'int' },
  });
});

const QUEUE = `resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'bus'
}
resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: bus
  name: 'q'
  properties: { a: 1 }
}
`;
const BUS_ID = "resourceId('Microsoft.ServiceBus/namespaces', 'bus')";
const QUEUE_ID = "resourceId('Microsoft.ServiceBus/namespaces/queues', 'bus', 'q')";

describe('a resource', () => {
  it('comes after its parent and has its name before its own', () => {
    expect(resources(QUEUE)[1]).toEqual({
      type: 'Microsoft.ServiceBus/namespaces/queues',
      apiVersion: '2024-01-01',
      name: "[format('{0}/{1}', 'bus', 'q')]",
      properties: { a: 1 },
      dependsOn: [`[${BUS_ID}]`],
    });
  });

  it('that extends another names it as its scope, and is referred to by reference()', () => {
    const [, , role] =
      resources(`${QUEUE}resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (true) {
      scope: queue
      name: guid(queue.id)
      properties: { principalId: bus.identity.principalId, host: bus.properties.host }
    }`);
    expect(role).toEqual({
      condition: true,
      type: 'Microsoft.Authorization/roleAssignments',
      apiVersion: '2022-04-01',
      scope: `[${QUEUE_ID}]`,
      name: `[guid(${QUEUE_ID})]`,
      properties: {
        principalId: `[reference(${BUS_ID}, '2024-01-01', 'full').identity.principalId]`,
        host: `[reference(${BUS_ID}, '2024-01-01').host]`,
      },
      dependsOn: [`[${BUS_ID}]`, `[${QUEUE_ID}]`],
    });
  });

  it('that exists is referred to and not written', () => {
    const source = QUEUE.replace(
      "@2024-01-01' = {\n  name: 'bus'",
      "@2024-01-01' existing = {\n  name: 'bus'",
    );
    const [queue, ...more] = resources(source);
    expect(more).toEqual([]);
    expect(queue).not.toHaveProperty('dependsOn');
  });

  it('waits for what is above a parent that exists', () => {
    const source = QUEUE.replace("queues@2024-01-01' = {", "queues@2024-01-01' existing = {");
    const rule =
      "resource rule 'Microsoft.ServiceBus/namespaces/queues/rules@2024-01-01' = {\n  parent: queue\n  name: 'r'\n}\n";
    expect(resources(source + rule)[1]).toMatchObject({
      name: "[format('{0}/{1}/{2}', 'bus', 'q', 'r')]",
      dependsOn: [`[${BUS_ID}]`],
    });
  });

  it('has its name and type as they stand there', () => {
    const { outputs } = compile(`${QUEUE}output n string = queue.name\noutput t string = queue.type\n`);
    expect(outputs).toMatchObject({
      n: { value: 'q' },
      t: { value: 'Microsoft.ServiceBus/namespaces/queues' },
    });
  });

  it('of a loop is referred to by its index; whoever waits for all need not wait for one', () => {
    const loop = QUEUE.replace("queues@2024-01-01' = {", "queues@2024-01-01' = [for name in names: {")
      .replace("name: 'q'", 'name: name')
      .replace(/\}\n$/, '}]\n');
    const role = (more: string) => `resource roles 'A.B/c@1' = [for (name, i) in names: {
  scope: queue[i]
  name: guid(queue[i].id)${more}
}]
`;
    const id =
      "resourceId('Microsoft.ServiceBus/namespaces/queues', 'bus', parameters('names')[copyIndex()])";
    const one = resources(`param names array\n${loop}${role('')}`)[2];
    expect(one).toMatchObject({ scope: `[${id}]`, name: `[guid(${id})]`, dependsOn: [`[${id}]`] });
    const all = resources(`param names array\n${loop}${role('\n  dependsOn: [queue]')}`)[2];
    expect(all).toMatchObject({ dependsOn: ['queue'] });
  });

  it('of a loop is copied, and another loop waits for all of it', () => {
    const [first, second] = resources(`param roles array
resource definitions 'A.B/c@1' = [for (role, i) in roles: {
  name: guid(role.name, string(i))
}]
resource others 'A.B/d@1' = [for role in roles: if (role.on) {
  name: role.name
  dependsOn: [
    definitions
  ]
}]`);
    expect(first).toEqual({
      copy: { name: 'definitions', count: "[length(parameters('roles'))]" },
      type: 'A.B/c',
      apiVersion: '1',
      name: "[guid(parameters('roles')[copyIndex()].name, string(copyIndex()))]",
    });
    expect(second).toMatchObject({
      condition: "[parameters('roles')[copyIndex()].on]",
      name: "[parameters('roles')[copyIndex()].name]",
      dependsOn: ['definitions'],
    });
  });
});

describe('a module', () => {
  const MODULE = "param name string\noutput id string = '${name}!'\n";
  const MAIN = `targetScope = 'subscription'
resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg'
  location: 'westeurope'
}
module inner 'inner.bicep' = {
  name: 'deploy-it'
  scope: group
  params: { name: 'a' }
}
output id string = inner.outputs.id
`;

  it('is a deployment in its group, with its own template inside, and comes after the group', () => {
    const template = compile(MAIN, { 'folder/inner.bicep': MODULE });
    expect(template.$schema).toContain('subscriptionDeploymentTemplate.json');
    expect(template.resources[1]).toEqual({
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2025-04-01',
      name: 'deploy-it',
      resourceGroup: 'rg',
      properties: {
        expressionEvaluationOptions: { scope: 'inner' },
        mode: 'Incremental',
        parameters: { name: { value: 'a' } },
        template: compileBicep('inner.bicep', () => MODULE),
      },
      dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg')]"],
    });
    expect(template.outputs).toEqual({
      id: {
        type: 'string',
        value:
          "[reference(extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, 'rg'), 'Microsoft.Resources/deployments', 'deploy-it'), '2025-04-01').outputs.id.value]",
      },
    });
  });

  it.each([
    [
      "params: { name: 'a' }",
      "params: { nam: 'a' }",
      /main\.bicep: line 9: .*parameter of inner\.bicep, got 'nam'/,
    ],
    ["params: { name: 'a' }", 'params: {}', /line 6: inner: expected the parameter 'name'/],
    ['inner.outputs.id', 'inner.outputs.it', /line 11: expected an output of inner\.bicep, got 'it'/],
    ['  scope: group\n', '', /inner: expected a scope, since the module is for a group/],
  ])('with %s written as %s is refused', (from, to, error) => {
    expect(() => compile(MAIN.replace(from, to), { 'folder/inner.bicep': MODULE })).toThrow(error);
  });
});

it('what is loaded stands in the template once', () => {
  const { variables } = compile(
    "var a = loadJsonContent('../role.json').Actions\nvar b = loadJsonContent('../role.json').Name\nvar c = loadTextContent('t.txt')\n",
    { 'role.json': '{"Name":"n","Actions":["x"]}', 'folder/t.txt': '[text' },
  );
  expect(variables).toEqual({
    '$fxv#0': { Name: 'n', Actions: ['x'] },
    '$fxv#1': '[[text',
    a: "[variables('$fxv#0').Actions]",
    b: "[variables('$fxv#0').Name]",
    c: "[variables('$fxv#1')]",
  });
});

describe('what is not known is refused with its line', () => {
  it.each([
    ['param p string[]\n', /line 1: expected the end of the line, got '\['/],
    ['param p text\n', /line 1: expected one of the types string, int, bool, object, array, got 'text'/],
    ["\nvar v = lenght('a')\n", /line 2: expected a function of .*, got 'lenght'/],
    ['var v = w\n', /line 1: expected something that the file declares, got 'w'/],
    ["var v = 'a\n", /line 1: expected a quote to end the text/],
    ['var v = 1\nvar v = 2\n', /line 2: expected a name that the file has not declared yet, got 'v'/],
    [`${QUEUE}var v = queue.id\n`, /line 9: v: expected what is known before anything is made/],
    ['@secure()\nparam p string\n', /expected one of the decorators description, .*, got 'secure'/],
    ["targetScope = 'tenant'\n", /targetScope: expected resourceGroup or subscription, got 'tenant'/],
    [
      "var v = loadTextContent('no.txt')\n",
      /line 1: loadTextContent: expected a file, got 'folder\/no\.txt'/,
    ],
    ['type t = string\n', /line 1: expected param, var, resource, module or output, got 'type'/],
  ])('%s', (source, error) => {
    expect(() => compile(source)).toThrow(error);
  });
});
