import { beforeEach, expect, it } from 'vitest';
import { HostStage } from '../support/kinds/hosts.ts';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** What an operator shows of itself while it does a little of everything. */
const stage = useStage({ operator: { listen: { host: '127.0.0.1', port: 0 } } });
let hosts: HostStage;

beforeEach(async () => {
  hosts = new HostStage(stage.cluster, stage.world);
  await hosts.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
});

async function pageOf(url: string | undefined): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

/** Label values of a series, e.g. `resource` of the calls. */
function labels(page: string, series: RegExp, label: string): Set<string> {
  const found = page.split('\n').filter((line) => series.test(line));
  return new Set(found.map((line) => new RegExp(`${label}="([^"]*)"`).exec(line)?.[1] ?? ''));
}

const CALLS = /^azure_(successful|failed)_requests_total\{/;

it('every cache shows age, size and completeness, and no resource appears only with its first call', async () => {
  const operator = await stage.world.start();
  const first = labels(await pageOf(operator.url), CALLS, 'resource');
  stage.world.azure.control.createHost({
    type: 'Microsoft.Compute/virtualMachines',
    name: 'vm-1',
    resourceGroup: 'rg1',
  });
  await hosts.attach('vm-1');
  await hosts.system('vm-1');
  await hosts.grantSystem('vm-1');
  await hosts.credential('app');
  await stage.world.until('all to be Ready', async () => {
    const all = [
      await hosts.attachment('vm-1'),
      await hosts.systemIdentity('vm-1'),
      await hosts.grant('vm-1'),
    ];
    return all.every((each) => each !== undefined && conditionOf(each, 'Ready')?.status === 'True');
  });
  const caches = ['identities', 'assignments', 'roles', 'credentials', 'hosts'];
  let page = '';
  await stage.world.until('all caches to be whole', async () => {
    page = await pageOf(operator.url);
    return caches.every((cache) =>
      new RegExp(
        `^azid_mirror_partial\\{cache="${cache}",subscription="${SUBSCRIPTION}",part="[^"]*"\\} 0$`,
        'm',
      ).test(page),
    );
  });
  for (const series of ['age_seconds', 'entries', 'partial'])
    expect([...labels(page, new RegExp(`^azid_mirror_${series}\\{`), 'cache')].sort(), series).toEqual(
      [...caches].sort(),
    );
  for (const cache of caches)
    expect(page).toMatch(new RegExp(`^azid_mirror_entries\\{cache="${cache}",.*\\} [1-9]`, 'm'));
  const called = labels(page, CALLS, 'resource');
  // What a long operation is asked by is no resource of anybody.
  const late = [...called].filter((each) => !first.has(each) && !/\/operation/.test(each));
  expect(late).toEqual([]);
});

it('a token that Entra refuses is counted, since no call is made that could show it', async () => {
  const credential = { getToken: () => Promise.reject(new Error('AADSTS700213: no matching credential')) };
  const operator = await stage.world.start({ credential });
  let page = '';
  await stage.world.until('a refusal to be counted', async () => {
    page = await pageOf(operator.url);
    return /^azid_azure_sign_in_failures_total [1-9]/m.test(page);
  });
  expect(page.split('\n').filter((line) => CALLS.test(line) && !line.endsWith(' 0'))).toEqual([]);
});
