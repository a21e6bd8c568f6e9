import { expect, it } from 'vitest';
import { keptMakers, MAKERS, makersIn, withMaker } from './identity-marks.ts';

const id = (n: number) => `aaaaaaaa-0000-4000-8000-00000000000${n}`;

it('names the principals that kept an identity, and none is ever taken out of it', () => {
  expect(withMaker({}, id(1).toUpperCase())).toEqual({ [MAKERS]: id(1) });
  expect(withMaker({ 'AZID-Made-By': id(1) }, id(2))).toEqual({ [MAKERS]: `${id(1)} ${id(2)}` });
  expect(withMaker({ [MAKERS]: `${id(1)} ${id(2)}` }, id(2))).toEqual({ [MAKERS]: `${id(1)} ${id(2)}` });
  expect(withMaker({ [MAKERS]: id(1) }, undefined)).toEqual({ [MAKERS]: id(1) });
  expect(withMaker({}, undefined)).toEqual({});
});

it('stays as it is where it is full, or none that azid writes', () => {
  const full = [1, 2, 3, 4, 5, 6].map(id).join(' ');
  expect(full.length).toBeLessThanOrEqual(256);
  expect(withMaker({ [MAKERS]: full }, id(7))).toEqual({ [MAKERS]: full });
  expect(withMaker({ [MAKERS]: 'me' }, id(1))).toEqual({ [MAKERS]: 'me' });
});

it('is added to one that another azid wrote, and to none that cannot be read', () => {
  expect(keptMakers({ [MAKERS]: id(1) }, id(2))).toEqual({ [MAKERS]: `${id(1)} ${id(2)}` });
  expect(keptMakers({ team: 'shop' }, id(2))).toEqual({});
});

it.each([
  [undefined, undefined],
  ['', undefined],
  ['me', undefined],
  [`${id(1)} me`, undefined],
  [` ${id(1).toUpperCase()}  ${id(2)} `, [id(1), id(2)]],
])('of %s reads %s', (text, makers) => {
  expect(makersIn(text === undefined ? {} : { [MAKERS]: text })).toEqual(makers);
});
