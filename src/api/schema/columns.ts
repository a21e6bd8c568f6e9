import type { PrinterColumn } from './kind.ts';

/**
 * What `kubectl get` shows of every kind, so that `kubectl get azid` fits 120 columns with names of 19 characters:
 * whether it is ready, why in short, since when. What is longer or in more detail comes with `-o wide`.
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

/** Of `status.activity`: what was done last to what the object has in Azure. */
const lastChange: readonly PrinterColumn[] = [
  { name: 'Changed', type: 'date', jsonPath: '.status.activity[0].time' },
  { name: 'Changed-By', type: 'string', jsonPath: '.status.activity[0].caller' },
];

/** The columns of a kind: `first`, numbers at most, after Ready; `wide` before the whole message. */
export function columnsOf(parts: {
  readonly first?: readonly PrinterColumn[];
  readonly wide?: readonly PrinterColumn[];
  /** It has `status.activity`. */
  readonly activity?: boolean;
}): readonly PrinterColumn[] {
  return [
    ready,
    ...(parts.first ?? []),
    message,
    age,
    reason,
    ...[...(parts.wide ?? []), ...(parts.activity ? lastChange : [])].map((each) => ({
      ...each,
      priority: 1 as const,
    })),
    details,
  ];
}
