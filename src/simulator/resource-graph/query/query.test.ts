import { describe, expect, test } from 'vitest';
import { parseQuery } from './parser.ts';
import { runQuery, type Table } from './run.ts';
import { QueryError } from './syntax.ts';

const columns: Table['columns'] = [
  { name: 'id', type: 'string' },
  { name: 'type', type: 'string' },
  { name: 'location', type: 'string' },
  { name: 'identity', type: 'dynamic' },
  { name: 'properties', type: 'dynamic' },
];
const attached = (...ids: string[]) => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
});
const resources: Table = {
  columns,
  rows: [
    { id: '/uai/A', type: 'ms.mi/uai', location: 'westeurope', identity: null, properties: { n: 1 } },
    { id: '/uai/B', type: 'ms.mi/uai', location: 'northeurope', identity: null, properties: { n: 2 } },
    {
      id: '/vm/1',
      type: 'ms.compute/vms',
      location: 'westeurope',
      identity: attached('/UAI/a'),
      properties: {},
    },
    {
      id: '/vm/2',
      type: 'ms.compute/vms',
      location: 'westeurope',
      identity: attached('/uai/A', '/uai/C'),
      properties: { tags: ['x'] },
    },
  ],
};

const run = (text: string) =>
  runQuery(parseQuery(text), (name) => (name === 'resources' ? resources : undefined));
const ids = (text: string) => run(text).rows.map(({ id }) => id);

describe('conditions', () => {
  test.each([
    ["where type =~ 'MS.MI/UAI'", ['/uai/A', '/uai/B']],
    ["where type == 'MS.MI/UAI'", []],
    ["where type != 'ms.mi/uai' and location == 'westeurope'", ['/vm/1', '/vm/2']],
    ["where id in ('/uai/A', '/vm/9')", ['/uai/A']],
    ["where id in~ ('/UAI/a', '/VM/1')", ['/uai/A', '/vm/1']],
    ["where id !in~ ('/UAI/a', '/VM/1')", ['/uai/B', '/vm/2']],
    ["where id has 'vm'", ['/vm/1', '/vm/2']],
    ["where id has 'v'", []],
    ["where id contains 'v'", ['/vm/1', '/vm/2']],
    ["where id startswith '/UAI' or id endswith '1'", ['/uai/A', '/uai/B', '/vm/1']],
    ["where id !startswith '/uai'", ['/vm/1', '/vm/2']],
    ['where isnotempty(identity.userAssignedIdentities)', ['/vm/1', '/vm/2']],
    ["where isempty(identity['userAssignedIdentities'])", ['/uai/A', '/uai/B']],
    ['where isnull(properties.n)', ['/vm/1', '/vm/2']],
    ['where properties.n >= 2', ['/uai/B']],
    ["where not(type has 'uai') and (id == '/vm/1' or id == '/vm/2')", ['/vm/1', '/vm/2']],
    ["where properties.tags[0] == 'x'", ['/vm/2']],
    ["where tolower(id) == '/uai/a' // and no more", ['/uai/A']],
    ['where properties.N == 1', []],
  ])('%s', (text, wanted) => {
    expect(ids(`resources | ${text}`)).toEqual(wanted);
  });
});

test('columns are added, chosen, taken away, made distinct and put in order', () => {
  expect(run("where id =~ '/vm/2' | extend lower = toupper(id), n = 1 | project lower, n").rows).toEqual([
    { lower: '/VM/2', n: 1 },
  ]);
  expect(run('resources | distinct location | order by location asc').rows).toEqual([
    { location: 'northeurope' },
    { location: 'westeurope' },
  ]);
  expect(run('project-away identity, properties').columns.map(({ name }) => name)).toEqual([
    'id',
    'type',
    'location',
  ]);
  // Without a word about it an order is descending.
  expect(ids('sort by type, id asc | limit 3')).toEqual(['/uai/A', '/uai/B', '/vm/1']);
  expect(ids('order by id')).toEqual(['/vm/2', '/vm/1', '/uai/B', '/uai/A']);
  expect(run('resources | count').rows).toEqual([{ Count: 4 }]);
});

test('who has which identity is counted by the keys of the map, in any case', () => {
  const text = `resources | where isnotempty(identity.userAssignedIdentities)
    | mv-expand k = bag_keys(identity.userAssignedIdentities) to typeof(string)
    | summarize n = count(), hosts = make_set(id) by uid = tolower(k) | order by uid asc`;
  expect(run(text).rows).toEqual([
    { uid: '/uai/a', n: 2, hosts: ['/vm/1', '/vm/2'] },
    { uid: '/uai/c', n: 1, hosts: ['/vm/2'] },
  ]);
});

test('identities that nothing has are found by a join', () => {
  const joined = (kind: string) => `resources | where type =~ 'ms.mi/uai' | extend uid = tolower(id)
    | join kind=${kind} (resources | where isnotempty(identity.userAssignedIdentities)
      | mv-expand k = bag_keys(identity.userAssignedIdentities) to typeof(string)
      | summarize n = count() by uid = tolower(k)) on uid`;
  expect(ids(`${joined('leftouter')} | where isnull(n) | project id`)).toEqual(['/uai/B']);
  expect(ids(joined('leftanti'))).toEqual(['/uai/B']);
  expect(run(`${joined('inner')} | project uid, uid1, n`).rows).toEqual([
    { uid: '/uai/a', uid1: '/uai/a', n: 2 },
  ]);
});

test('mv-expand shows 128 values of each row, unless a limit is given', () => {
  const many = attached(...Array.from({ length: 200 }, (_, n) => `/uai/${n}`));
  const table: Table = { columns, rows: [{ id: '/vm/1', type: 't', identity: many }] };
  const text = 'resources | mv-expand k = bag_keys(identity.userAssignedIdentities)';
  const count = (query: string) => runQuery(parseQuery(query), () => table).rows.length;
  expect(count(text)).toBe(128);
  expect(count(`${text} limit 400`)).toBe(200);
});

describe('what is not simulated is refused by its name', () => {
  test.each([
    ['resources | parse id with * "x"', "the operator 'parse'"],
    ['securityresources', "the table 'securityresources'"],
    ['resources | where id matches regex "x"', "the operator 'matches'"],
    ['resources | extend x = extract("a", 1, id)', "the function 'extract'"],
    ['resources | summarize avg(location)', 'summarize: expected one of count'],
    ['resources | join (resources) on id', 'a join without its kind'],
    ['resources | join kind=fullouter (resources) on id', "'join kind=fullouter'"],
    ['resources | where nope == 1', "no column 'nope'"],
    ['resources | where id.x == 1', "expected 'id' to hold properties"],
    ['resources | summarize count() by identity', "the key 'identity' is of type dynamic"],
    ['resources | order by properties.n', 'of type dynamic'],
    ['resources | where (id == "x"', "expected ')', got 'the end of the query'"],
    ['resources where id', "expected '|', got 'where'"],
    ['resources | where id == #', "expected a word, a number, a text or an operator, got '#'"],
    ['resources | where properties.n + 1 == 2', "the operator '+'"],
  ])('%s', (text, message) => {
    expect(() => run(text)).toThrow(QueryError);
    expect(() => run(text)).toThrow(message);
  });
});
