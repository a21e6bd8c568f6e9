/** `deploy/observability/dashboard.json`: Grafana's form of `scripts/observability/dashboard.ts`. */
import { ROWS } from '../observability/dashboard.ts';
import type { Panel } from '../observability/panel.ts';
import type { GeneratedFile } from './file.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's.
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Grafana's grid is 24 wide: three panels side by side. */
const WIDTH = 8;
const HEIGHT = 8;
const TYPES = { lines: 'timeseries', number: 'stat', table: 'table' } as const;

/** As a file, and in the chart, which takes no file from elsewhere. */
export function dashboards(): GeneratedFile[] {
  const { text } = dashboard();
  return [dashboard(), { path: 'deploy/helm/azid/files/dashboard.json', text }];
}

export function dashboard(): GeneratedFile {
  const panels: object[] = [];
  let y = 0;
  let id = 0;
  for (const { title, panels: own } of ROWS) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    });
    y++;
    for (const [at, panel] of own.entries()) {
      const x = (at % 3) * WIDTH;
      const top = y + Math.floor(at / 3) * HEIGHT;
      panels.push(panelJson(panel, ++id, { h: HEIGHT, w: WIDTH, x, y: top }));
    }
    y += Math.ceil(own.length / 3) * HEIGHT;
  }
  const json = {
    uid: 'azid',
    title: 'azid',
    description: 'Generated from scripts/observability by `npm run generate`. Do not edit.',
    tags: ['azid', 'azure', 'kubernetes'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        // Of a series that is azid's alone: other controllers have those of client-go and controller-runtime, too.
        variable('job', 'Job', 'azid_queue_age_seconds', 'job'),
        variable('controller', 'Kind', 'azid_queue_age_seconds{job=~"$job"}', 'controller'),
      ],
    },
    panels,
  };
  return { path: 'deploy/observability/dashboard.json', text: `${JSON.stringify(json, undefined, 2)}\n` };
}

function variable(name: string, label: string, series: string, of: string): object {
  const query = `label_values(${series}, ${of})`;
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    multi: true,
    // All values that the query finds, and not `.*`: that would be every process that Prometheus reads.
    includeAll: true,
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}

function panelJson(
  { title, about, unit, as = 'lines', queries }: Panel,
  id: number,
  gridPos: object,
): object {
  return {
    id,
    type: TYPES[as],
    title,
    description: about,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(as === 'lines' && { custom: { fillOpacity: 5 } }) }, overrides: [] },
    options:
      as === 'lines'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } }
        : {},
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      ...(as === 'lines' ? { range: true } : { instant: true }),
      ...(as === 'table' && { format: 'table' }),
    })),
  };
}
