import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './markdown.ts';

/** The guides prepare Azure twice, by the Bicep file and by hand: what both name is the same. */

const read = (path: string) => readFile(join(ROOT, path), 'utf8');
const template = await read('deploy/azure/bicep/main.json');
const { parameters, resources } = JSON.parse(template);
const events = await read('docs/guides/events.md');
const run = await read('docs/guides/run-on-azure.md');

describe('in the guide of events and in the template', () => {
  it.each([
    ['--duplicate-detection true', '"requiresDuplicateDetection": true'],
    ['--duplicate-detection-history-time-window PT1H', '"duplicateDetectionHistoryTimeWindow": "PT1H"'],
    ['--max-delivery-count 10', '"maxDeliveryCount": 10'],
    ['--default-message-time-to-live P2D', '"defaultMessageTimeToLive": "P2D"'],
    ['--sku Standard --disable-local-auth true', '"disableLocalAuth": true'],
    ['--allow-shared-key-access false', '"allowSharedKeyAccess": false'],
    ['--allow-blob-public-access false', '"allowBlobPublicAccess": false'],
    ['--min-tls-version TLS1_2', '"minimumTlsVersion": "TLS1_2"'],
    ['--name azid-dead-letters', "'azid-dead-letters'"],
    ['--topic-type Microsoft.Resources.Subscriptions', '"topicType": "Microsoft.Resources.Subscriptions"'],
    ['"eventDeliverySchema": "CloudEventSchemaV1_0"', '"eventDeliverySchema": "CloudEventSchemaV1_0"'],
    ['eventSubscriptions/azid?api-version=2022-06-15', '"apiVersion": "2022-06-15"'],
    // By their names, and by the GUIDs that are theirs in every cloud.
    ['--role "Azure Service Bus Data Receiver"', '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'],
    ['--role "Azure Service Bus Data Sender"', '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'],
    ['--role "Storage Blob Data Contributor"', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'],
  ])('%s', (flag, property) => {
    expect(events).toContain(flag);
    expect(template).toContain(property);
  });

  it('the same rule for dead letters', () => {
    const [, policy = ''] = /management-policy create [^']*--policy '([^']+)'/.exec(events) ?? [];
    const queue = resources.find(({ name }: { name: string }) => name === 'azid-queue');
    const lifecycle = queue.properties.template.resources.find(({ type }: { type: string }) =>
      type.endsWith('/managementPolicies'),
    );
    const days = parameters.deadLetterDays.defaultValue;
    const inTemplate = JSON.stringify(lifecycle.properties.policy).replace(
      `"[parameters('deadLetterDays')]"`,
      days,
    );
    expect(JSON.parse(inTemplate)).toEqual(JSON.parse(policy));
    expect(events).toContain(`Azure deletes it after ${days} days`);
  });

  it('the same events', () => {
    const [, what = '', outcome = ''] = /Resource%s",' \{([\w,]+)\}\{([\w,]+)\}/.exec(events) ?? [];
    const types = what.split(',').flatMap((each) => outcome.split(',').map((end) => `${each}${end}`));
    const named = [...template.matchAll(/"Microsoft\.Resources\.Resource(\w+)"/g)].map(([, type]) => type);
    expect(types).toHaveLength(9);
    expect(named.sort()).toEqual(types.sort());
  });
});

describe('in the guide to run azid and in the template', () => {
  it.each(['resourceGroupName', 'identityName', 'subject', 'audience', 'credentialName'])('%s', (name) => {
    expect(run).toContain(`${parameters[name].defaultValue}`);
  });

  it('parameters that there are', () => {
    const table = run.slice(run.indexOf('| Parameter |'), run.indexOf('Name `identityGroups`'));
    const cells = [...table.matchAll(/^\| (`.+?`) \| /gm)].map(([, cell = '']) => cell);
    const names = cells.flatMap((cell) => [...cell.matchAll(/(?:^|, )`(\w+)/g)].map(([, name = '']) => name));
    expect(names.length).toBeGreaterThan(7);
    expect(names.filter((name) => !(name in parameters))).toEqual([]);
  });
});
