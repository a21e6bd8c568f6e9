/** `docs/reference/simulator.md`: what the simulated Azure answers and where that is known from, from its own tables. */
import { readFile } from 'node:fs/promises';
import {
  EVENT_ORIGINS,
  type MessagingRow,
  SERVICE_BUS_ORIGINS,
} from '../../src/simulator/catalog/messaging-origins.ts';
import { originOf } from '../../src/simulator/catalog/origins.ts';
import { systemClock } from '../../src/simulator/clock.ts';
import { type AnswerForm, HOST_TYPES, type HostType } from '../../src/simulator/hosts/types.ts';
import type { Operation } from '../../src/simulator/http/operation.ts';
import { PRESETS } from '../../src/simulator/knobs/knobs.ts';
import { TABLES } from '../../src/simulator/resource-graph/copy.ts';
import { JOINS, SIMULATED_QUERY } from '../../src/simulator/resource-graph/query/syntax.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { ClientResult } from '../../test/clients/results-reporter.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const INTRO = `# The simulated Azure

What \`azid simulator\` and \`azid sandbox\` answer. **traffic**: as recorded real requests; **documentation**: as Microsoft's documentation or API
specification says; **guess**: neither, and where code could depend on it there is a knob. Everything else that Azure has is answered
\`501 NotSimulated\`, in one sentence: nothing here stands for Azure where it is silent. What Azure does not have is refused as Azure refuses it.

An operation takes the api-versions that Azure's published specifications have for it, and every stable one that is newer.
`;

export async function simulatorReference(): Promise<GeneratedFile> {
  await using simulator = await startSimulator({ clock: systemClock });
  const operations = simulator.operations();
  const text = [
    HEADERS.markdown + INTRO,
    `\n## Operations\n\n${operationTable(operations)}`,
    `\n## Resources that carry identities\n\n${hostTable()}`,
    `\n## Service Bus\n\n${SERVICE_BUS}${originTable(SERVICE_BUS_ORIGINS)}`,
    `\n## Event Grid\n\n${EVENT_GRID}${originTable(EVENT_ORIGINS)}`,
    `\n## Resource Graph\n\n${resourceGraph()}`,
    `\n## Api-versions\n\n${versionTable(operations)}`,
    `\n## Unchanged clients\n\n${await clientTable()}`,
    `\n## Knobs\n\nSet by \`setKnobs\` of the control endpoint, any part of any group.\n\n${knobTable()}`,
    `\n## Verbs of the control endpoint\n\n${Object.keys(simulator.control)
      .sort()
      .map((verb) => `\`${verb}\``)
      .join(', ')}.\n`,
  ];
  return { path: 'docs/reference/simulator.md', text: text.join('') };
}

function operationTable(operations: readonly Operation[]): string {
  const rows = operations.map(({ id, method, pattern }) => {
    const { origin = 'guess', but = '' } = originOf(id) ?? {};
    return [`\`${id}\``, `${method} \`${pattern}\``, origin, but];
  });
  return markdownTable(['Operation', 'Request', 'Known from', 'But'], rows);
}

const SERVICE_BUS = `A broker that speaks AMQP 1.0: namespaces and queues are made over the control endpoint or Resource Manager. Sessions, topics, scheduling, deferring, transactions, forwarding,
times to live and AMQP over WebSockets are not simulated.

`;

const EVENT_GRID = `System topics of subscriptions and resource groups, with event subscriptions to Service Bus queues, made over the control endpoint or Resource Manager. Other sources,
custom topics, namespaces, partner topics, other destinations and Azure Resource Notifications are not simulated.

`;

function resourceGraph(): string {
  const words = (list: readonly string[]) => list.map((each) => `\`${each}\``).join(', ');
  const { operators, comparisons, functions, aggregates } = SIMULATED_QUERY;
  const rows = [
    ['Tables', words(TABLES)],
    ['Operators', `${words(operators)}; joins of the kinds ${words(JOINS)}`],
    ['Comparisons', `${words(comparisons)}, with \`and\`, \`or\` and brackets`],
    ['Functions', words(functions)],
    ['Behind `summarize`', words(aggregates)],
  ];
  return `Of Kusto it reads what queries about identities use; anything else is refused with 400 \`BadRequest\`, whose details say \`InvalidQuery\` and name it. In
\`resources\` are identities, resources that carry them, and other resources that stand by themselves; role assignments are in \`authorizationresources\`, policy assignments in
\`policyresources\`. Credentials and principals are nowhere.

${markdownTable(['What', 'Known'], rows)}`;
}

function originTable(rows: readonly MessagingRow[]): string {
  return markdownTable(
    ['What', 'Known from', 'But'],
    rows.map(({ what, origin, but = '' }) => [what, origin, but]),
  );
}

function hostTable(): string {
  const head = [
    'Type',
    'Both kinds',
    'PATCH changes',
    'PATCH',
    'PUT: new, existing',
    'DELETE',
    'New entries while it runs',
  ];
  const rows = HOST_TYPES.map((type: HostType) => [
    `\`${type.type}\``,
    type.combined === undefined ? 'not both' : `\`${type.combined}\``,
    type.patch,
    form(type.patchAnswer),
    `${form(type.putAnswer.created)}; ${form(type.putAnswer.existing)}`,
    form(type.deleteAnswer),
    type.newEntries === 'empty' ? '`{}`' : 'with ids',
  ]);
  return markdownTable(head, rows);
}

function form({ status, follow }: AnswerForm): string {
  switch (follow) {
    case 'wait':
      return String(status);
    case 'none':
      return `${status}, nothing to follow`;
    case 'location':
      return `${status} \`Location\``;
    case 'azure-asyncoperation':
      return `${status} \`Azure-AsyncOperation\``;
    case 'both':
      return `${status}, both headers`;
  }
}

/** Of each type the oldest, the newest, and how many; operations that have others are named. */
function versionTable(operations: readonly Operation[]): string {
  const byType = Map.groupBy(operations, ({ resourceType }) => resourceType);
  const rows = [...byType].map(([type, own]) => {
    const versions = [...new Set(own.flatMap(({ apiVersions }) => apiVersions))].sort();
    const fewer = own.filter(({ apiVersions }) => apiVersions.length < versions.length);
    const exceptions = fewer.map(
      ({ id, apiVersions }) => `\`${id}\` ${apiVersions[0]} to ${apiVersions.at(-1)}`,
    );
    return [
      `\`${type}\``,
      String(versions.length),
      versions[0] ?? '',
      versions.at(-1) ?? '',
      exceptions.join(', '),
    ];
  });
  return markdownTable(['Type', 'Versions', 'Oldest', 'Newest', 'Not all of them'], rows);
}

/** What the last whole run of `npm run test:clients` left. */
async function clientTable(): Promise<string> {
  const text = await readFile(new URL('../../test/clients/results.json', import.meta.url), 'utf8');
  const results = JSON.parse(text) as readonly ClientResult[];
  const rows = results.map(({ client, lists, lines, asAzure, misses }) => [
    client,
    ...[lists, lines, asAzure, misses].map(String),
  ]);
  const head = ['Client', 'Lists', 'Lines', 'Answered as Azure would', 'Known to miss'];
  return `${markdownTable(head, rows)}\nFrom \`npm run test:clients\`: [test/clients](../../test/clients/README.md) has the lists, with what Azure would give, refusals included.\n`;
}

function knobTable(): string {
  const rows = Object.entries(PRESETS.honest).flatMap(([group, values]) =>
    Object.entries(values)
      .filter(() => group !== 'latencyMs')
      .map(([name, value]) => {
        const fast = (PRESETS.fast[group as keyof typeof PRESETS.fast] as Record<string, unknown>)[name];
        return [`\`${group}.${name}\``, shown(value), shown(fast)];
      }),
  );
  return `${markdownTable(['Knob', 'honest', 'fast'], rows)}\n\`latencyMs\` is by operation id, \`default\` for all others; \`<area>.update.operation\` and its like are how long the work takes.\n`;
}

const shown = (value: unknown) => `\`${JSON.stringify(value)}\``;
