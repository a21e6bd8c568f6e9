import { expect, it } from 'vitest';
import { AreasInUse, SubscriptionsInUse } from './areas-in-use.ts';

/** Areas are `<subscription>/<rest>`. */
function setup() {
  const [identities, credentials] = [new AreasInUse(), new AreasInUse()];
  const subscriptionOf = (area: string) => area.split('/')[0] ?? '';
  const subscriptions = new SubscriptionsInUse([
    { inUse: identities, subscriptionOf },
    { inUse: credentials, subscriptionOf },
  ]);
  const heard: string[] = [];
  const listening = subscriptions.onChange({
    began: (id) => heard.push(`+${id}`),
    ended: (id) => heard.push(`-${id}`),
  });
  return { identities, credentials, subscriptions, heard, listening };
}

it('a subscription begins with its first area, in whichever cache, and ends with its last', () => {
  const { identities, credentials, subscriptions, heard } = setup();
  identities.use('ns/a', ['s1/', 's2/']);
  credentials.use('ns/b', ['s1/app']);
  expect(heard).toEqual(['+s1', '+s2']);
  identities.use('ns/a', []);
  expect(heard).toEqual(['+s1', '+s2', '-s2']);
  expect(subscriptions.names).toEqual(['s1']);
  credentials.use('ns/b', ['s1/web']);
  expect(heard).toHaveLength(3);
  credentials.use('ns/b', []);
  expect(heard.at(-1)).toBe('-s1');
  expect(subscriptions.names).toEqual([]);
});

it('what lies above subscriptions is of none', () => {
  const { identities, heard } = setup();
  identities.use('ns/a', ['/providers/x']);
  identities.use('ns/a', []);
  expect(heard).toEqual([]);
});

it('areas that were in use before count, and a disposed listener is not called', () => {
  const { identities, heard, listening } = setup();
  identities.use('ns/a', ['s1/']);
  const later = new SubscriptionsInUse([
    { inUse: identities, subscriptionOf: (area) => area.split('/')[0] ?? '' },
  ]);
  expect(later.names).toEqual(['s1']);
  listening[Symbol.dispose]();
  identities.use('ns/a', []);
  expect(heard).toEqual(['+s1']);
});
