/**
 * What a set of permissions allows. Pure: the authorizer brings the assignments that reach a scope, these functions
 * decide. Actions compare without case and `*` stands for any run of characters, slashes included.
 */
import type { PermissionSet } from '../authorizer.ts';

/** Control-plane actions (`actions`) or operations on data (`dataActions`); one never stands in for the other. */
type Plane = 'control' | 'data';

const compiled = new Map<string, RegExp>();

/** `matchesAction('*\/read', 'Microsoft.Compute/virtualMachines/read')` is true. */
export function matchesAction(pattern: string, action: string): boolean {
  let expression = compiled.get(pattern);
  if (!expression) {
    const body = pattern.split('*').map(escapeRegExp).join('.*');
    expression = new RegExp(`^${body}$`, 'is');
    compiled.set(pattern, expression);
  }
  return expression.test(action);
}

/**
 * True when the set grants the action and does not take it out again. `notActions` only narrow their own set: another
 * role may still grant what this one leaves out, which is how they differ from a deny assignment.
 */
export function permits(set: PermissionSet, action: string, plane: Plane = 'control'): boolean {
  const granted = plane === 'control' ? set.actions : set.dataActions;
  const withheld = plane === 'control' ? set.notActions : set.notDataActions;
  const names = (patterns: readonly string[]) => patterns.some((pattern) => matchesAction(pattern, action));
  return names(granted) && !names(withheld);
}

/** One assignment as it is evaluated: of the caller, and in effect. */
export interface Holding {
  /** `scopeKey` of the assignment's scope. */
  readonly scope: string;
  readonly sets: readonly ConditionalSet[];
}

interface ConditionalSet extends PermissionSet {
  /** Whether the conditions of the assignment and of the role hold for the action; else the set does not count. */
  holds(action: string): boolean;
}

/** A deny assignment on the caller. */
export interface Denial {
  readonly id: string;
  readonly name: string;
  /** `scopeKey` of its scope. */
  readonly scope: string;
  readonly sets: readonly PermissionSet[];
}

export type Evaluation =
  | { readonly type: 'allowed' }
  | { readonly type: 'not granted' }
  | { readonly type: 'denied'; readonly by: Denial };

/**
 * Decides for one action at one scope. `lineage`: keys of the scope and of everything above it, the tenant root
 * included. Rights are inherited downwards only, and a deny beats every grant (docs/azure-facts.md section 5).
 */
export function evaluate(
  holdings: readonly Holding[],
  denials: readonly Denial[],
  action: string,
  lineage: readonly string[],
  plane: Plane = 'control',
): Evaluation {
  const reaches = ({ scope }: { readonly scope: string }) => lineage.includes(scope);
  const granted = holdings
    .filter(reaches)
    .some((holding) => holding.sets.some((set) => permits(set, action, plane) && set.holds(action)));
  if (!granted) return { type: 'not granted' };
  const by = denials.filter(reaches).find(({ sets }) => sets.some((set) => permits(set, action, plane)));
  return by ? { type: 'denied', by } : { type: 'allowed' };
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
