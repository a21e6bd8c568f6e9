import type { ManagedObject } from '../api/schema/common.ts';
import { keyOf } from '../kube/types.ts';
import { findCondition } from '../runtime/status/conditions.ts';

/** One line of a tree, and what hangs on it. */
export interface TreeNode {
  /** How the line above is related to it: `principal`, `on`, `granted`. Absent for the root. */
  readonly relation?: string;
  /** An object of Kubernetes: `RoleGrant team/read`. */
  readonly object?: { readonly kind: string; readonly key: string };
  /** A thing of Azure, by ARM id. */
  readonly azure?: string;
  /** What is neither, or more of it in words. */
  readonly text?: string;
  readonly state?: NodeState;
  readonly children: readonly TreeNode[];
}

interface NodeState {
  /** Of an object: its condition Ready; `missing`: something refers to it and it is not there. */
  readonly ready?: 'True' | 'False' | 'Unknown' | 'missing';
  /** Stable word: the reason of Ready, or the state of a target. */
  readonly reason?: string;
  readonly message?: string;
  readonly deleting?: true;
}

/** How an object stands, in a line. */
function stateOf(object: ManagedObject): NodeState {
  const ready = findCondition(object.status?.conditions ?? [], 'Ready');
  return {
    ready: ready?.status ?? 'Unknown',
    ...(ready && { reason: ready.reason, message: ready.message }),
    ...(object.metadata.deletionTimestamp !== undefined && { deleting: true }),
  };
}

/** @param children what hangs on it */
export function objectNode(
  object: ManagedObject,
  relation: string | undefined,
  children: readonly TreeNode[] = [],
): TreeNode {
  return {
    ...(relation !== undefined && { relation }),
    object: { kind: object.kind, key: keyOf(object) },
    state: stateOf(object),
    children,
  };
}

/** Something refers to it by name. `known`: all of its kind could be read, so that it is missing. */
export function absentNode(kind: string, key: string, relation: string, known = true): TreeNode {
  return {
    relation,
    object: { kind, key },
    state: known ? { ready: 'missing' } : { ready: 'Unknown', message: 'could not be read' },
    children: [],
  };
}

interface TreeTextOptions {
  /** Messages of objects that are not Ready come with their lines. */
  readonly wide: boolean;
  /** How an ARM id is written. */
  readonly id: (id: string) => string;
}

/** A tree as it is read in a terminal. Pure. */
export function treeLines(root: TreeNode, options: TreeTextOptions): readonly string[] {
  return [lineOf(root, options), ...below(root, '', options)];
}

function below({ children }: TreeNode, indent: string, options: TreeTextOptions): readonly string[] {
  return children.flatMap((child, at) => {
    const isLast = at === children.length - 1;
    return [
      `${indent}${isLast ? '└─' : '├─'} ${lineOf(child, options)}`,
      ...below(child, `${indent}${isLast ? '   ' : '│  '}`, options),
    ];
  });
}

function lineOf({ relation, object, text, azure, state }: TreeNode, { wide, id }: TreeTextOptions): string {
  const parts = [
    object && `${object.kind} ${object.key}`,
    text,
    azure !== undefined && id(azure),
    state && stateText(state, wide),
  ].filter((part) => part !== undefined && part !== false && part !== '');
  return `${relation === undefined ? '' : `${relation}: `}${parts.join(' ')}`;
}

function stateText({ ready, reason, message, deleting }: NodeState, wide: boolean): string {
  const words = [
    ready === 'missing' ? 'does not exist' : ready === undefined ? undefined : READY[ready],
    ready === 'True' && reason === 'Ready' ? undefined : reason,
    deleting ? 'being deleted' : undefined,
  ].filter((word) => word !== undefined && word !== '');
  const more = wide && ready !== 'True' && message ? `: ${message}` : '';
  return `(${words.join(', ')}${more})`;
}

const READY = { True: 'Ready', False: 'not Ready', Unknown: 'unknown' } as const;
