import { describe, expect, test } from 'vitest';
import { evaluate, evaluateSoFar, inLoop } from './evaluate.ts';
import { type ExpressionScope, Unread } from './scope.ts';

const SUB = '11111111-2222-4333-8444-555555555555';
const PARAMETERS: Readonly<Record<string, unknown>> = {
  name: 'Team',
  list: ['a', 'b', 'a'],
  map: { b: 2, a: 1 },
};
const scope: ExpressionScope = {
  subscriptionId: SUB,
  tenantId: 'tenant',
  deployment: { name: 'd1', location: 'westeurope' },
  parameter: (name) => PARAMETERS[name],
  variable: (name) => ({ prefix: 'x' })[name],
  reference(target) {
    throw new Unread(target, undefined);
  },
};
const inGroup: ExpressionScope = {
  ...scope,
  group: { id: `/subscriptions/${SUB}/resourceGroups/rg1`, name: 'rg1', location: 'westeurope' },
};

describe('an expression', () => {
  test.each<[string, unknown]>([
    ["[format('{0}-{1}-{{x}}', parameters('name'), 3)]", 'Team-3-{x}'],
    ["[concat(parameters('list'), createArray('c'))]", ['a', 'b', 'a', 'c']],
    ["[union(parameters('list'), createArray('c'))]", ['a', 'b', 'c']],
    [
      "[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]",
      { a: { x: 1, y: 2 } },
    ],
    ["[intersection(parameters('list'), createArray('a', 'z'))]", ['a']],
    [
      "[map(parameters('list'), lambda('each', 'i', format('{0}{1}', lambdaVariables('each'), lambdaVariables('i'))))]",
      ['a0', 'b1', 'a2'],
    ],
    ["[filter(range(1, 5), lambda('n', equals(mod(lambdaVariables('n'), 2), 0)))]", [2, 4]],
    // A lambda within a lambda sees both.
    [
      "[flatten(map(createArray('a', 'b'), lambda('x', map(range(0, 2), lambda('y', format('{0}{1}', lambdaVariables('x'), lambdaVariables('y')))))))]",
      ['a0', 'a1', 'b0', 'b1'],
    ],
    ["[reduce(range(1, 4), 0, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))]", 10],
    [
      "[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]",
      [1, 2, 3],
    ],
    ["[toObject(createArray('a'), lambda('k', toUpper(lambdaVariables('k'))))]", { A: 'a' }],
    [
      "[items(parameters('map'))]",
      [
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ],
    ],
    ["[join(parameters('list'), ', ')]", 'a, b, a'],
    ["[first(parameters('list'))]", 'a'],
    ["[last(split('a/b/c', '/'))]", 'c'],
    ["[skip(parameters('list'), 2)]", ['a']],
    ["[parameters('map').B]", 2],
    ["[if(empty(parameters('list')), fail('not here'), 'there')]", 'there'],
    ["[or(true(), fail('not here'))]", true],
    ["[coalesce(null(), 'a')]", 'a'],
    ["[startsWith('https://a', 'HTTPS://')]", true],
    ["[replace(replace('https://a:443/', 'https://', ''), ':443/', '')]", 'a'],
    ["[substring('abcdef', 1, 3)]", 'bcd'],
    ['[deployment().location]', 'westeurope'],
    ["[contains(parameters('map'), 'A')]", true],
    ['[[not one]', '[not one]'],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression, scope)).toEqual(expected);
  });

  test.each<[string, ExpressionScope, string]>([
    [
      "[resourceId('A.B/c/d', 'x', 'y')]",
      inGroup,
      `/subscriptions/${SUB}/resourceGroups/rg1/providers/A.B/c/x/d/y`,
    ],
    [
      "[resourceId('rg2', 'A.B/c', 'x')]",
      inGroup,
      `/subscriptions/${SUB}/resourceGroups/rg2/providers/A.B/c/x`,
    ],
    [
      "[resourceId('s2', 'rg2', 'A.B/c', 'x')]",
      inGroup,
      '/subscriptions/s2/resourceGroups/rg2/providers/A.B/c/x',
    ],
    ["[resourceId('A.B/c', 'x')]", scope, `/subscriptions/${SUB}/providers/A.B/c/x`],
    ["[subscriptionResourceId('A.B/c', 'x')]", inGroup, `/subscriptions/${SUB}/providers/A.B/c/x`],
    [
      "[extensionResourceId(resourceGroup().id, 'A.B/c', 'x')]",
      inGroup,
      `/subscriptions/${SUB}/resourceGroups/rg1/providers/A.B/c/x`,
    ],
  ])('%s', (expression, at, expected) => {
    expect(evaluate(expression, at)).toBe(expected);
  });
});

test('loops of properties are worked out, each round with its index, an outer one by its name', () => {
  const value = {
    kept: 1,
    copy: [
      {
        name: 'rules',
        count: "[length(parameters('list'))]",
        input:
          "[format('{0}{1}{2}', copyIndex('outer', 1), parameters('list')[copyIndex('rules')], copyIndex('rules'))]",
      },
    ],
  };
  expect(evaluate(value, inLoop(scope, 'outer', 4))).toEqual({ kept: 1, rules: ['5a0', '5b1', '5a2'] });
});

describe('what is wrong is refused as InvalidTemplate', () => {
  test.each([
    ["[noSuch('a')]", "The template function 'noSuch' is not valid"],
    ["[fail('issuer: expected an address')]", 'issuer: expected an address'],
    ["[parameters('map').c]", "property 'c' doesn't exist, available properties are 'b, a'"],
    ['[resourceGroup().id]', "'RESOURCEGROUP' is not expected at this location"],
    ['[copyIndex()]', "'copyIndex' is not expected at this location"],
    ["[concat('a']", "expression 'concat('a'' is not valid"],
    ["[lambdaVariables('x')]", "lambda variable 'x' is not valid"],
  ])('%s', (expression, message) => {
    expect(() => evaluate(expression, scope)).toThrow(
      expect.objectContaining({ code: 'InvalidTemplate', message: expect.stringContaining(message) }),
    );
  });

  test('and a function that Azure has and this has not says so', () => {
    expect(() => evaluate("[utcNow('d')]", scope)).toThrow(
      expect.objectContaining({ code: 'NotSimulated', message: expect.stringContaining("'utcNow'") }),
    );
  });
});

test('what is not read yet stays as it is, the rest is worked out', () => {
  const reference = "[reference('/x').a]";
  expect(evaluateSoFar({ a: reference, b: "[toUpper('b')]" }, scope)).toEqual({ a: reference, b: 'B' });
});
