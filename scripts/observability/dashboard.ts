/** What the dashboard shows, row by row. */
import type { Panel, Query, Row } from './panel.ts';
import { azure } from './rows/azure.ts';
import { events } from './rows/events.ts';
import { hosts } from './rows/hosts.ts';
import { objects } from './rows/objects.ts';
import { orphans } from './rows/orphans.ts';
import { process } from './rows/process.ts';
import { reconciles } from './rows/reconciles.ts';

export const ROWS: readonly Row[] = [objects, reconciles, azure, events, hosts, orphans, process];

export interface PlacedPanel extends Panel {
  readonly row: string;
}

export function panels(): readonly PlacedPanel[] {
  return ROWS.flatMap(({ title, panels }) => panels.map((panel) => ({ ...panel, row: title })));
}

/** Each query as Prometheus gets it from Grafana, for one controller under `job`. */
export function filledIn({ expr }: Query, job: string): string {
  return expr.replaceAll('$job', job).replaceAll('$controller', '.*').replaceAll('$__rate_interval', '4m');
}
