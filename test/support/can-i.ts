/** What `kubectl auth can-i --list` prints, so that two prints can be compared. */

const ALL_VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** Its lines, with single spaces and the verbs in one order: those of several roles come in any, and twice where two roles give them. */
export function linesOfCanI(printed: string): string[] {
  return printed
    .trim()
    .split('\n')
    .map((line) => inOrder(line.trim().replaceAll(/\s+/g, ' ')));
}

function inOrder(line: string): string {
  return line.replace(/[^[\]]*(?=\]$)/, (verbs) => {
    const given = verbs.split(' ');
    const known = ALL_VERBS.filter((verb) => given.includes(verb));
    return [...known, ...given.filter((verb) => !ALL_VERBS.includes(verb))].join(' ');
  });
}
