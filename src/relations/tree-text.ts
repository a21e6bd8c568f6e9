import type { NodeState, TreeNode } from './node.ts';

/** A tree as people read it in a terminal. Pure. */

interface TreeTextOptions {
  /** Messages of objects that are not Ready come with their lines. */
  readonly wide: boolean;
  /** How an ARM id is written. */
  readonly id: (id: string) => string;
}

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
