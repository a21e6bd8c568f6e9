import { expect, test } from 'vitest';
import { areaOfHost, hostArea, isAllSlots, parseHostArea, slotsArea } from './area.ts';

const subscriptionId = '0F0E0D0C-0b0a-4908-8706-050403020100';
const group = `/subscriptions/${subscriptionId}/resourceGroups/RG1`;
const site = `${group}/providers/Microsoft.Web/sites/App`;

test('a host is listed with its type in its subscription, in any case', () => {
  const area = `/subscriptions/${subscriptionId.toLowerCase()}|microsoft.compute/virtualmachines`;
  expect(areaOfHost(`${group}/providers/Microsoft.Compute/virtualMachines/vm1`)).toBe(area);
  expect(hostArea(subscriptionId, 'MICROSOFT.Compute/virtualMachines')).toBe(area);
  expect(parseHostArea(area)).toEqual({
    subscriptionId: subscriptionId.toLowerCase(),
    type: 'microsoft.compute/virtualmachines',
  });
});

test('a slot is listed with its site, and a selector of slots covers all of them', () => {
  const area = areaOfHost(`${site}/slots/Staging`);
  expect(area).toBe(`${site.toLowerCase()}|microsoft.web/sites/slots`);
  expect(slotsArea(site)).toBe(area);
  expect(areaOfHost(`${site}/slots/Staging/`)).toBe(area);
  expect(parseHostArea(area)).toMatchObject({ siteId: site.toLowerCase() });
  expect(isAllSlots(parseHostArea(area))).toBe(false);
  expect(isAllSlots(parseHostArea(hostArea(subscriptionId, 'Microsoft.Web/sites/slots')))).toBe(true);
});

test.each([group, 'vm1', `${site}/providers/Microsoft.Authorization/locks/l`])(
  'what is no resource in a group has no area: %s',
  (id) => expect(() => areaOfHost(id)).toThrow(TypeError),
);

test.each(['', '/subscriptions/x', `${group}|a|b`])('what is no area is refused: "%s"', (area) =>
  expect(() => parseHostArea(area)).toThrow(TypeError),
);
