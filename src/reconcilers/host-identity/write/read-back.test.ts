import { describe, expect, it } from 'vitest';
import { SYSTEM } from '../../hosts/ledger/lines.ts';
import { asked, attached, dead, host, keyOf, NOW, object, seen } from '../facts.fixture.ts';
import type { ObservedHost } from '../facts.ts';
import { readBack } from './last-write.ts';
import { HostMemory } from './memory.ts';

const ledger = object();
const { uid } = ledger.metadata;

/** What is still remembered of a write after a look at the host. */
function leftOf(what: Parameters<typeof asked>[0], observed: ObservedHost): string[] {
  const memory = new HostMemory();
  memory.accept(uid, asked(what), NOW - 60_000);
  readBack(ledger, observed, memory);
  return [...memory.of(uid).accepted.keys()];
}

const app = keyOf('app');
const other = keyOf('other');
const own = { system: true, principalId: 'p' };
const absent = { state: 'absent', live: true, conclusive: true, conclusiveInMs: 0 } as const;

describe('what Azure took is remembered', () => {
  it('until it is read back, each by itself', () => {
    const shown = seen(host([attached('app')]));
    expect(leftOf({ adds: [app, other] }, shown)).toEqual([other]);
    expect(leftOf({ removes: [app, other] }, shown)).toEqual([app]);
    expect(leftOf({ system: 'on' }, shown)).toEqual([SYSTEM]);
    expect(leftOf({ system: 'on' }, seen(host([], { own })))).toEqual([]);
  });

  it('while its entry shows no ids yet', () => {
    expect(leftOf({ adds: [app] }, seen(host([dead('app')])))).toEqual([app]);
  });

  it('not of a resource that was made again, or is gone', () => {
    const again = seen(host([], { instance: 'vm-2', provisioningState: 'Creating' }));
    expect(leftOf({ adds: [app] }, again)).toEqual([]);
    expect(leftOf({ adds: [app] }, absent)).toEqual([]);
    expect(leftOf({ adds: [app] }, { ...absent, conclusive: false })).toEqual([app]);
  });

  it('whatever was seen before the write', () => {
    const cached: ObservedHost = { state: 'present', host: host([attached('app')]), live: false };
    expect(leftOf({ adds: [app] }, cached)).toEqual([app]);
  });
});
