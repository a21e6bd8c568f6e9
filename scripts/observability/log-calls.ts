/** The messages that the product's sources log, read from the calls themselves. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../docs/markdown.ts';

export interface LoggedMessage {
  readonly path: string;
  /** Undefined: the level is chosen when it is logged. */
  readonly level: string | undefined;
  readonly message: string;
}

/** `log.warn(`, `this.#log[level](`, and `this.#seldom(`, which hands its message on. */
const CALL = /(?:[lL]og\??\.(debug|info|warn|error)|[lL]og\[[^\]]*\]|#seldom)\(/g;
const LITERAL = /'((?:[^'\\]|\\.)*)'/;
/** The commands print for people; simulator and sandbox are no part of a controller. */
const NOT_LOGGED = /^(simulator|sandbox)\/|\.(test|fixture)\.ts$/;

export async function loggedMessages(): Promise<readonly LoggedMessage[]> {
  const names = (await readdir(join(ROOT, 'src'), { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !NOT_LOGGED.test(name),
  );
  const found = await Promise.all(
    names.map(async (name) => messagesIn(`src/${name}`, await readFile(join(ROOT, 'src', name), 'utf8'))),
  );
  return found.flat();
}

export function messagesIn(path: string, source: string): LoggedMessage[] {
  return [...source.matchAll(CALL)].flatMap((call) => {
    const [, second = ''] = argumentsFrom(source, call.index + call[0].length);
    const constant = /^[A-Z_]+$/.exec(second)?.[0];
    const text = constant
      ? new RegExp(`const ${constant} =\\s*${LITERAL.source}`).exec(source)?.[1]
      : LITERAL.exec(second)?.[1];
    return text === undefined ? [] : [{ path, level: call[1], message: text.replaceAll("\\'", "'") }];
  });
}

/** The arguments of a call, split at commas that are in no bracket and no text. */
function argumentsFrom(source: string, start: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < source.length; at++) {
    const letter = source[at] ?? '';
    if (letter === "'" || letter === '`' || letter === '"') at = endOfText(source, at, letter);
    else if ('([{'.includes(letter)) depth++;
    else if (')]}'.includes(letter) && --depth < 0) return [...parts, source.slice(from, at).trim()];
    else if (letter === ',' && depth === 0) {
      parts.push(source.slice(from, at).trim());
      from = at + 1;
    }
  }
  return parts;
}

function endOfText(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === quote) return at;
  }
  return source.length;
}
