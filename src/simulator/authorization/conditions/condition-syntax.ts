/**
 * ABAC conditions as text: the grammar of role assignment conditions, version 2.0 (Microsoft Learn "Azure role
 * assignment condition format and syntax"; the form azid is installed with stands in docs/azure-facts.md section 5).
 *
 *   expression  = and (("OR" | "||") and)*
 *   and         = unary (("AND" | "&&") unary)*
 *   unary       = ("!" | "NOT") unary | "(" expression ")" | function | comparison
 *   function    = ("ActionMatches" | "SubOperationMatches") "{" text "}"  |  "Exists" attribute
 *   comparison  = attribute [quantifier ":"] operator (value | "{" value ("," value)* "}" | attribute)
 *   attribute   = ("@Request" | "@Resource" | "@Principal" | "@Environment") "[" name "]"
 */
export type Source = 'Request' | 'Resource' | 'Principal' | 'Environment';

export interface Attribute {
  readonly source: Source;
  /** `Microsoft.Authorization/roleAssignments:RoleDefinitionId`. */
  readonly name: string;
}

/** ForAnyOfAnyValues: some left value matches some right value; the second word is about the right side. */
export const QUANTIFIERS = [
  'ForAnyOfAnyValues',
  'ForAllOfAnyValues',
  'ForAnyOfAllValues',
  'ForAllOfAllValues',
] as const;
export type Quantifier = (typeof QUANTIFIERS)[number];

export type Condition =
  | { readonly type: 'or' | 'and'; readonly left: Condition; readonly right: Condition }
  | { readonly type: 'not'; readonly of: Condition }
  | { readonly type: 'matches'; readonly what: 'Action' | 'SubOperation'; readonly pattern: string }
  | { readonly type: 'exists'; readonly attribute: Attribute }
  | {
      readonly type: 'compare';
      readonly attribute: Attribute;
      readonly quantifier?: Quantifier;
      /** One of `COMPARISONS`, e.g. `GuidEquals`. */
      readonly operator: string;
      readonly values: readonly string[] | Attribute;
    };

/** Deep nesting is written by nobody and would only exhaust the stack of a recursive reader. */
export const MAX_DEPTH = 100;

/** The text of a condition; what `parseCondition` reads back as the same tree. */
export function printCondition(condition: Condition): string {
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
