/** The names that Azure gives types and actions: no dash, which an id has. What is none is left out, whoever wrote it. */
const WORD = /^[A-Za-z][A-Za-z0-9.]{0,79}$/;
/** What may stand before `providers` says the types, with what follows it. Nothing else is shown there: an id may begin with a letter, too. */
const NAMED: ReadonlyMap<string, string | undefined> = new Map([
  ['subscriptions', '{subscription}'],
  ['resourcegroups', '{resourceGroup}'],
  ['tagnames', '{name}'],
  ['operationresults', '{name}'],
  ['locations', undefined],
  ['resources', undefined],
]);

/**
 * The route of a call, ids and names left out: `/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}`.
 * There are as many as there are operations, so traces can be found and counted by it.
 */
export function routeOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const route: string[] = [];
  /** In the part behind `providers`: how many segments since. */
  let behind: number | undefined;
  let next: string | undefined;
  for (const segment of path.split('/').filter((each) => each !== '')) {
    if (next !== undefined) {
      route.push(next);
      next = undefined;
    } else if (segment.toLowerCase() === 'providers') {
      route.push('providers');
      behind = 0;
    } else if (behind !== undefined) {
      // The namespace, then types and names in turn.
      const isName = behind > 0 && behind % 2 === 0;
      route.push(isName ? '{name}' : wordOr(segment));
      behind++;
    } else {
      const known = segment.toLowerCase();
      route.push(NAMED.has(known) ? segment : '{}');
      next = NAMED.get(known);
    }
  }
  return `/${route.join('/')}`;
}

function wordOr(segment: string): string {
  return WORD.test(segment) ? segment : '{}';
}
