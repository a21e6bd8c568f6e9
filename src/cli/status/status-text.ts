/** What `azid status` prints. Pure. */
import { isObserved, isSuspended, type ManagedObject } from '../../api/schema/common.ts';
import type { PolicyAnswer } from '../../inspect/policy/answers.ts';
import { lastObserved, type StatusReport } from '../../inspect/report.ts';
import { keyOf } from '../../kube/types.ts';
import { treeLines } from '../../relations/tree-node.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { age, ageSince, shortened, table } from '../table.ts';

/** Shown without -o wide. */
const MAX_EVENTS = 10;

export function statusText(report: StatusReport, wide: boolean, now: number): string {
  const { object } = report;
  const id = wide ? (each: string) => each : shortened;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Conditions', conditionLines(object, now)],
    ['Tree', [...treeLines(report.tree, { wide, id }), ...report.unread.map(unreadLine)]],
    ['Policy', report.policy.length === 0 ? [] : report.policy.flatMap(policyLines)],
    ['Azure', azureLines(report, id)],
    ['Events', eventLines(report, wide, now)],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  return `${[headLine(object, now), ...shown.map(([title, lines]) => `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`)].join('\n')}\n`;
}

function headLine(object: ManagedObject, now: number): string {
  const { creationTimestamp, deletionTimestamp, generation } = object.metadata;
  const words = [
    `made ${ageSince(creationTimestamp, now)} ago`,
    ...(deletionTimestamp === undefined ? [] : [`being deleted for ${ageSince(deletionTimestamp, now)}`]),
    ...(isSuspended(object) ? ['suspended'] : []),
    ...(isObserved(object)
      ? []
      : [
          `its generation ${generation} was not observed yet (${object.status?.observedGeneration ?? 'none'} was)`,
        ]),
  ];
  return `${object.kind} ${keyOf(object)}: ${words.join(', ')}`;
}

function conditionLines({ status }: ManagedObject, now: number): readonly string[] {
  const all = status?.conditions ?? [];
  if (all.length === 0) return ['none: azid has not seen the object; see azid check'];
  return table(
    all.map(({ type, status: value, reason, message, lastTransitionTime }) => [
      type,
      value,
      reason,
      ageSince(lastTransitionTime, now),
      message,
    ]),
  );
}

const unreadLine = ({ plural, why }: StatusReport['unread'][number]) => `${plural} are left out: ${why}`;

function policyLines({ what, answer, policy, rule, why }: PolicyAnswer): readonly string[] {
  const by = `IdentityPolicy ${policy}${rule === undefined ? '' : `, ${rule}`}`;
  switch (answer) {
    case 'allowed':
      return [`allowed: ${what}, by ${by}`];
    case 'denied':
      return [`denied: ${what}: ${why}`];
    case 'unknown':
      return [
        `cannot be decided here: ${what}: ${policy === undefined ? '' : `${by}, would allow it; `}${why}`,
      ];
  }
}

function azureLines({ azure }: StatusReport, id: (id: string) => string): readonly string[] {
  if (!azure) return ['not asked: --azure asks, with your own rights'];
  if (azure.length === 0) return ['the object has nothing there, by its status'];
  return azure.flatMap(({ what, id: each, state, details }) => [
    `${what} ${id(each)}: ${state}`,
    ...details.map((detail) => `  ${detail}`),
  ]);
}

function eventLines({ events }: StatusReport, wide: boolean, now: number): readonly string[] {
  if (typeof events === 'string') return [`could not be read: ${events}`];
  const shown = wide ? events : events.slice(0, MAX_EVENTS);
  const more = events.length - shown.length;
  return [
    ...table(shown.map((event) => [age(now - lastObserved(event)), event.type, event.reason, event.note])),
    ...(more > 0 ? [`and ${more} older ones: -o wide`] : []),
  ];
}

/** The object without managedFields; everything else as it is. */
export function statusJson({ object, events, azure, ...rest }: StatusReport): string {
  const { managedFields: _, ...metadata } = object.metadata as ManagedObject['metadata'] & {
    readonly managedFields?: unknown;
  };
  const listed =
    typeof events === 'string'
      ? { eventsUnread: events }
      : {
          events: events.map((event) => ({
            time: timestamp(lastObserved(event)),
            type: event.type,
            reason: event.reason,
            note: event.note,
            count: event.series?.count ?? 1,
          })),
        };
  const fields = {
    object: { ...object, metadata },
    ...rest,
    // Absent where Azure was not asked.
    ...(azure && { azure }),
    ...listed,
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}
