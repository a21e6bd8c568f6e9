import type { PrinterColumn } from './kind.ts';

/**
 * What `kubectl get` shows of every kind, so that `kubectl get azid` fits 120 columns with names of 19 characters: whether it is
 * ready, why in short, since when. What is longer, or for a closer look, comes with `-o wide`.
 */

const condition = (type: string, field: 'status' | 'reason' | 'message') =>
  `.status.conditions[?(@.type=="${type}")].${field}`;

const ready: PrinterColumn = { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status') };
const message: PrinterColumn = { name: 'Message', type: 'string', jsonPath: '.status.summary' };
const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const reason: PrinterColumn = {
  name: 'Reason',
  type: 'string',
  jsonPath: condition('Ready', 'reason'),
  priority: 1,
};
const details: PrinterColumn = {
  name: 'Details',
  type: 'string',
  jsonPath: condition('Ready', 'message'),
  priority: 1,
};

/** The columns of a kind: `first`, numbers at most, after Ready; `wide` before the whole message. */
export function columnsOf(parts: {
  readonly first?: readonly PrinterColumn[];
  readonly wide?: readonly PrinterColumn[];
}): readonly PrinterColumn[] {
  return [
    ready,
    ...(parts.first ?? []),
    message,
    age,
    reason,
    ...(parts.wide ?? []).map((each) => ({ ...each, priority: 1 as const })),
    details,
  ];
}
