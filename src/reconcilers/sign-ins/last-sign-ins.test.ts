import { describe, expect, it } from 'vitest';
import { LastSignIns, type SignInTarget, withSignIn } from './last-sign-ins.ts';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const id = (name: string) =>
  `/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const target = (name: string, given: Partial<SignInTarget> = {}): SignInTarget => ({
  kind: 'UserAssignedIdentity',
  key: `shop/${name}`,
  uid: `uid-${name}`,
  id: id(name),
  principalId: `principal-${name}`,
  shown: undefined,
  ...given,
});
const row = (name: string, time: string, more: object = {}) => ({
  firstSignInDateTime: time,
  resourceDisplayName: 'Azure Storage',
  servicePrincipalId: '',
  status: { errorCode: 0 },
  managedServiceIdentity: { associatedResourceId: id(name).toUpperCase() },
  ...more,
});
async function* pages(...all: unknown[][]): AsyncGenerator<readonly unknown[]> {
  for (const each of all) yield each;
}

function setup() {
  const signIns = new LastSignIns();
  const changed: string[] = [];
  for (const kind of ['UserAssignedIdentity', 'SystemAssignedIdentity'] as const)
    signIns.changed(kind).onChange((keys) => changed.push(...keys));
  return { signIns, changed };
}

describe('the last sign-in', () => {
  it('is the latest of all rows of an identity, over pages, and of nobody else', async () => {
    const { signIns, changed } = setup();
    const rows = pages(
      [row('web', '2026-11-28T01:00:00Z'), row('foreign', '2026-11-29T01:00:00Z'), null],
      [row('web', '2026-11-27T01:00:00Z')],
    );
    await signIns.update(rows, [target('web'), target('idle')], NOW);
    expect(signIns.of('uid-web')?.time).toBe('2026-11-28T01:00:00Z');
    expect(signIns.of('uid-idle')).toBeUndefined();
    expect(changed).toEqual(['shop/web']);
  });

  it('is found by the principal where no resource is named', async () => {
    const { signIns } = setup();
    const rows = pages([
      row('web', '2026-11-28T01:00:00Z', {
        servicePrincipalId: 'PRINCIPAL-web',
        managedServiceIdentity: null,
      }),
    ]);
    await signIns.update(rows, [target('web')], NOW);
    expect(signIns.of('uid-web')?.time).toBe('2026-11-28T01:00:00Z');
  });

  it('enqueues nobody whose status says so already, or says a later one', async () => {
    const { signIns, changed } = setup();
    const shown = { time: '2026-11-28T01:00:00Z', resource: 'Azure Storage', result: 'Succeeded' } as const;
    const targets = [
      target('web', { shown }),
      target('api', { shown: { ...shown, time: '2026-11-29T01:00:00Z' } }),
      target('own', { kind: 'SystemAssignedIdentity', shown: { ...shown, time: '2026-11-27T01:00:00Z' } }),
    ];
    const rows = pages(['web', 'api', 'own'].map((name) => row(name, '2026-11-28T01:00:00Z')));
    await signIns.update(rows, targets, NOW);
    expect(changed).toEqual(['shop/own']);
  });

  it('is not of a time that has not come', async () => {
    const { signIns, changed } = setup();
    await signIns.update(pages([row('web', '2999-01-01T00:00:00Z')]), [target('web')], NOW);
    expect(signIns.of('uid-web')).toBeUndefined();
    expect(changed).toEqual([]);
  });

  it('stays as it was where a page fails', async () => {
    const { signIns, changed } = setup();
    await signIns.update(pages([row('web', '2026-11-27T01:00:00Z')]), [target('web')], NOW);
    async function* broken(): AsyncGenerator<readonly unknown[]> {
      yield [row('web', '2026-11-28T01:00:00Z')];
      throw new Error('no answer');
    }
    await expect(signIns.update(broken(), [target('web')], NOW)).rejects.toThrow('no answer');
    expect(signIns.of('uid-web')?.time).toBe('2026-11-27T01:00:00Z');
    expect(changed).toHaveLength(1);
  });
});

describe('a decision', () => {
  const shown = { time: '2026-11-28T01:00:00Z', result: 'Succeeded' } as const;
  const decide = withSignIn((_object: object, _facts: { lastSignIn?: typeof shown }) => ({
    status: { id: 'x', lastSignIn: shown as typeof shown | undefined },
  }));

  it('has the field where azid asks for it, and not where it does not', () => {
    const later = { ...shown, time: '2026-11-29T01:00:00Z' } as unknown as typeof shown;
    expect(decide({}, { lastSignIn: later }).status).toEqual({ id: 'x', lastSignIn: later });
    expect(decide({}, {}).status).toEqual({ id: 'x' });
  });
});
