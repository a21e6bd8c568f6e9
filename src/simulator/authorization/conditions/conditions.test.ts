import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConditionSyntaxError, parseCondition } from './condition-reader.ts';
import { type Attribute, type Condition, holds, QUANTIFIERS, type Question } from './conditions.ts';

const WRITE = 'Microsoft.Authorization/roleAssignments/write';
const DELETE = 'Microsoft.Authorization/roleAssignments/delete';
const ATTRIBUTE = 'Microsoft.Authorization/roleAssignments';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const PULL = '7f951dda-4ed3-4680-a7ca-43fe172d538d';
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

const clause = (action: string, source: string) =>
  `((!(ActionMatches{'${action}'})) OR
 (@${source}[${ATTRIBUTE}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${READER}, ${PULL}} AND
  @${source}[${ATTRIBUTE}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`;
/** The form of docs/azure-facts.md section 5. */
const DELEGATION = `${clause(WRITE, 'Request')}\nAND ${clause(DELETE, 'Resource')}`;

const attributes = (role: string, type: string) => ({
  [`${ATTRIBUTE}:RoleDefinitionId`]: role,
  [`${ATTRIBUTE}:PrincipalType`]: type,
});

describe('the condition azid is installed with', () => {
  const delegation = parseCondition(DELEGATION);
  test.for<[string, Question, boolean]>([
    ['reading', { action: 'Microsoft.Authorization/roleAssignments/read' }, true],
    ['granting an allowed role', { action: WRITE, request: attributes(PULL, 'ServicePrincipal') }, true],
    [
      'granting in another case',
      { action: WRITE, request: attributes(PULL.toUpperCase(), 'serviceprincipal') },
      true,
    ],
    ['granting another role', { action: WRITE, request: attributes(OWNER, 'ServicePrincipal') }, false],
    ['granting to a user', { action: WRITE, request: attributes(PULL, 'User') }, false],
    ['granting, by the stored one', { action: WRITE, resource: attributes(PULL, 'ServicePrincipal') }, false],
    ['taking an allowed role', { action: DELETE, resource: attributes(READER, 'ServicePrincipal') }, true],
    ['taking another role', { action: DELETE, resource: attributes(OWNER, 'ServicePrincipal') }, false],
    [
      'granting without a type',
      { action: WRITE, request: { [`${ATTRIBUTE}:RoleDefinitionId`]: PULL } },
      false,
    ],
  ])('%s', ([, question, expected]) => {
    expect(holds(delegation, question)).toBe(expected);
  });
});

describe('operators', () => {
  const ask = (comparison: string, value: string) =>
    holds(parseCondition(`@Request[a:b] ${comparison}`), { action: 'x', request: { 'A:B': value } });
  test.for([
    ["StringEquals 'x'", 'x', true],
    ["StringEquals 'x'", 'X', false],
    ["StringEqualsIgnoreCase 'x'", 'X', true],
    ["StringNotEquals 'x'", 'y', true],
    ["StringLike 'a*c'", 'abc', true],
    ["StringLike 'a?c'", 'abbc', false],
    ["StringLike 'a.c'", 'abc', false],
    ["StringStartsWith 'ab'", 'abc', true],
    ["StringNotStartsWith 'ab'", 'abc', false],
    [
      `GuidEquals '${READER}'`,
      `/providers/Microsoft.Authorization/roleDefinitions/${READER.toUpperCase()}`,
      true,
    ],
    [`GuidNotEquals ${READER}`, PULL, true],
    ['BoolEquals true', 'True', true],
    ['NumericLessThan 10', '9', true],
    ['NumericGreaterThanEquals 10', '9', false],
    ["DateTimeLessThan '2026-01-01T00:00:00Z'", '2025-12-31T23:59:59Z', true],
    ["ForAnyOfAnyValues:StringEquals {'x', 'y'}", 'y', true],
    ["ForAllOfAllValues:StringEquals {'x', 'y'}", 'y', false],
    ["ForAllOfAnyValues:StringEquals {'x', 'y'}", 'y', true],
    ["ForAnyOfAllValues:StringNotEquals {'x', 'y'}", 'z', true],
    ["StringEquals 'it''s'", "it's", true],
  ] as const)('%s against %s: %s', ([comparison, value, expected]) => {
    expect(ask(comparison, value)).toBe(expected);
  });

  test('an absent attribute makes every comparison false, the negative ones too', () => {
    expect(holds(parseCondition("@Request[a:b] StringNotEquals 'x'"), { action: 'x' })).toBe(false);
    expect(holds(parseCondition('Exists @Request[a:b]'), { action: 'x' })).toBe(false);
    expect(holds(parseCondition('NOT Exists @Request[a:b]'), { action: 'x' })).toBe(true);
  });

  test('AND binds closer than OR', () => {
    const yes = "ActionMatches{'x'}";
    const no = "ActionMatches{'y'}";
    expect(holds(parseCondition(`${yes} OR ${yes} AND ${no}`), { action: 'x' })).toBe(true);
    expect(holds(parseCondition(`(${yes} OR ${yes}) && ${no}`), { action: 'x' })).toBe(false);
    expect(holds(parseCondition(`${no} AND ${yes} || ${yes}`), { action: 'x' })).toBe(true);
  });
});

describe('malformed conditions', () => {
  test.for([
    '',
    '   ',
    '(',
    "ActionMatches{'x'",
    "ActionMatches('x')",
    "ActionMatches{'x'} AND",
    "ActionMatches{'x'} ActionMatches{'y'}",
    "@Request[a:b] ForSomeValues:GuidEquals {'x'}",
    "@Request[a:b] GuidResembles 'x'",
    '@Request[a:b] GuidEquals {}',
    "@Request[a:b] GuidEquals {'x',}",
    "@Elsewhere[a:b] StringEquals 'x'",
    "@Request[] StringEquals 'x'",
    "@Request[a:b] StringEquals 'open",
    "ActionMatches{'x'})",
    'true',
    `${'('.repeat(500)}ActionMatches{'x'}${')'.repeat(500)}`,
    `${'!'.repeat(5000)}ActionMatches{'x'}`,
  ])('%s', (text) => {
    expect(() => parseCondition(text)).toThrow(ConditionSyntaxError);
  });
});

describe('any condition', () => {
  const name = fc.stringMatching(/^[A-Za-z.]{1,8}:[A-Za-z]{1,6}$/);
  const attribute = fc.record({
    source: fc.constantFrom('Request', 'Resource', 'Principal', 'Environment'),
    name,
  });
  const value = fc.string({ minLength: 0, maxLength: 8 });
  const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.record({
        type: fc.constant('matches'),
        what: fc.constantFrom('Action', 'SubOperation'),
        pattern: value,
      }),
      fc.record({ type: fc.constant('exists'), attribute }),
      fc.record(
        {
          type: fc.constant('compare'),
          attribute,
          quantifier: fc.constantFrom(...QUANTIFIERS),
          operator: fc.constantFrom('StringEquals', 'GuidEquals', 'StringLike', 'NumericLessThan'),
          values: fc.oneof(fc.array(value, { minLength: 1, maxLength: 3 }), attribute),
        },
        { requiredKeys: ['type', 'attribute', 'operator', 'values'] },
      ),
      fc.record({ type: fc.constant('not'), of: tie('tree') }),
      fc.record({ type: fc.constantFrom('and', 'or'), left: tie('tree'), right: tie('tree') }),
    ) as fc.Arbitrary<Condition>,
  }));

  test('is read back from its text as the same tree', () => {
    fc.assert(
      fc.property(tree, (condition) => {
        expect(parseCondition(printCondition(condition))).toEqual(condition);
      }),
    );
  });

  test('holds where the same boolean formula does', () => {
    // Atoms are actions: exactly those whose letter occurs in the action hold.
    type Formula = string | { readonly not: Formula } | { readonly op: 'AND' | 'OR'; readonly of: Formula[] };
    const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
      formula: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', 'c'),
        fc.record({ not: tie('formula') }),
        fc.record({
          op: fc.constantFrom('AND', 'OR'),
          of: fc.array(tie('formula'), { minLength: 2, maxLength: 4 }),
        }),
      ) as fc.Arbitrary<Formula>,
    }));
    const text = (each: Formula): string => {
      if (typeof each === 'string') return `ActionMatches{'*${each}*'}`;
      if ('not' in each) return `!${typeof each.not === 'string' ? text(each.not) : `(${text(each.not)})`}`;
      return each.of
        .map((part) => (typeof part === 'string' ? text(part) : `(${text(part)})`))
        .join(` ${each.op} `);
    };
    const truth = (each: Formula, action: string): boolean => {
      if (typeof each === 'string') return action.includes(each);
      if ('not' in each) return !truth(each.not, action);
      return each.op === 'AND'
        ? each.of.every((part) => truth(part, action))
        : each.of.some((part) => truth(part, action));
    };
    const actions = ['-', 'a', 'b', 'c', 'ab', 'ac', 'bc', 'abc'];
    fc.assert(
      fc.property(formula, (each) => {
        const condition = parseCondition(text(each));
        for (const action of actions) expect(holds(condition, { action })).toBe(truth(each, action));
      }),
    );
  });

  test('that is no condition is refused and never crashes the reader', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseCondition(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConditionSyntaxError);
        }
      }),
    );
  });
});

/** The text of a condition; what `parseCondition` reads back as the same tree. */
function printCondition(condition: Condition): string {
  switch (condition.type) {
    case 'or':
    case 'and': {
      const word = condition.type.toUpperCase();
      return `(${printCondition(condition.left)} ${word} ${printCondition(condition.right)})`;
    }
    case 'not':
      return `!(${printCondition(condition.of)})`;
    case 'matches':
      return `${condition.what}Matches{${quote(condition.pattern)}}`;
    case 'exists':
      return `Exists ${printAttribute(condition.attribute)}`;
    case 'compare': {
      const { attribute, quantifier, operator, values } = condition;
      const right = 'source' in values ? printAttribute(values) : `{${values.map(quote).join(', ')}}`;
      return `${printAttribute(attribute)} ${quantifier ? `${quantifier}:` : ''}${operator} ${right}`;
    }
  }
}

const printAttribute = ({ source, name }: Attribute) => `@${source}[${name}]`;
const quote = (value: string) => `'${value.replaceAll("'", "''")}'`;
