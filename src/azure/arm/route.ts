/** The names that Azure gives types and actions; what is neither is left out, whoever wrote it. */
const WORD = /^[A-Za-z][\w.-]{0,99}$/;
/** Segments that are followed by a name, before `providers` says the types. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['subscriptions', '{subscription}'],
  ['resourcegroups', '{resourceGroup}'],
  ['tagnames', '{name}'],
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
      route.push(wordOr(segment));
      next = NAMED.get(segment.toLowerCase());
    }
  }
  return `/${route.join('/')}`;
}

function wordOr(segment: string): string {
  return WORD.test(segment) ? segment : '{}';
}
