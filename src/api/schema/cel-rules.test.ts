import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { KINDS } from '../index.ts';
import { shaped, shapeRule } from './cel-rules.ts';
import { customResourceDefinition } from './crd.ts';
import { FROZEN_PATTERNS } from './frozen-patterns.fixture.ts';

interface Node {
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node;
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string;
    readonly messageExpression?: string;
  }[];
}

/** Every field of every spec, `Kind.spec.list[].field`. */
function fields(): Map<string, Node> {
  const found = new Map<string, Node>();
  const walk = (node: Node, path: string): void => {
    found.set(path, node);
    for (const [name, child] of Object.entries(node.properties ?? {})) walk(child, `${path}.${name}`);
    if (node.items) walk(node.items, `${path}[]`);
    if (node.additionalProperties) walk(node.additionalProperties, `${path}.*`);
  };
  for (const kind of KINDS) {
    const crd = customResourceDefinition(kind) as unknown as {
      spec: { versions: readonly [{ schema: { openAPIV3Schema: { properties: { spec: Node } } } }] };
    };
    walk(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec, `${kind.resource.kind}.spec`);
  }
  return found;
}

const all = fields();
/** The pattern of a field, whichever way the CRD has it. */
function patternOf({ pattern, 'x-kubernetes-validations': rules = [] }: Node): string | undefined {
  if (pattern !== undefined) return pattern;
  return rules
    .map(
      ({ rule }) =>
        /^(?:size\(self\) < \d+ \|\| )?(?:self\.trim\(\) != self \|\| )?self\.matches\(r'(.*)'\)$/.exec(
          rule,
        )?.[1],
    )
    .find((each) => each !== undefined);
}

describe.each(FROZEN_PATTERNS)('what %s takes', (pattern, names) => {
  it.each(names)('%s takes and refuses as before, and says in words what it expects', (name) => {
    const node = all.get(name) ?? {};
    expect(patternOf(node)?.replaceAll('\\/', '/')).toBe(pattern.source.replaceAll('\\/', '/'));
    const worded = (node['x-kubernetes-validations'] ?? []).map(
      ({ messageExpression = '' }) => messageExpression,
    );
    expect(worded.join()).toMatch(/'expected .*, got \\'' \+ self/);
  });
});

it('a bare pattern stands only beside its words, in lists of lists of policies', () => {
  const bare = [...all].filter(([, { pattern }]) => pattern !== undefined).map(([name]) => name);
  expect(bare.sort()).toEqual([
    'IdentityPolicy.spec.attachments[].identities.ids[]',
    'IdentityPolicy.spec.attachments[].scopes[]',
    'IdentityPolicy.spec.grants[].scopes[]',
    'IdentityPolicy.spec.systemAssigned[].scopes[]',
  ]);
});

describe('a shape', () => {
  it('becomes a rule with the value that was given, and one without for values that break lines', () => {
    expect(shapeRule('^a\\/b$', { expected: "an 'a'", remedy: 'write a/b' })).toEqual({
      rule: "self.matches(r'^a/b$')",
      message: "expected an 'a'; write a/b",
      messageExpression: `'expected an \\'a\\', got \\'' + self + '\\'; write a/b' + (self.trim() == self ? '' : '; there is white space at its ends, remove it')`,
    });
  });

  it('cannot be written as CEL with a quote', () => {
    expect(() => shapeRule("'", { expected: 'x' })).toThrow('without quotes');
  });

  it('is needed wherever a spec has a pattern', () => {
    const [kind] = KINDS;
    if (!kind) throw new Error('expected a kind');
    const spec = z.object({ name: z.string().max(9).regex(/^a$/) });
    expect(() => customResourceDefinition({ ...kind, spec })).toThrow(
      `${kind.resource.kind}.spec.name: a pattern needs words`,
    );
    const worded = z.object({ name: shaped(z.string().max(9), /^a$/, { expected: 'an a' }) });
    expect(() => customResourceDefinition({ ...kind, spec: worded })).not.toThrow();
  });
});
