/**
 * JSON as Resource Manager reads the bodies of deployments: `az` puts a template into its request as it is in the file, under
 * an unquoted `template`, so that comments and strings over several lines arrive as they were written.
 */

const TOKENS = [
  /"(?:[^"\\]|\\[\s\S])*"/,
  /'(?:[^'\\]|\\[\s\S])*'/,
  /\/\/[^\n]*/,
  /\/\*[\s\S]*?\*\//,
  // A comma too many, comments behind it or not.
  /,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[}\]])/,
  // A name without quotes.
  /[A-Za-z_$][\w$]*(?=\s*:)/,
];
const TOKEN = new RegExp(TOKENS.map(({ source }) => source).join('|'), 'g');

/** Throws `SyntaxError` for what is no JSON of this kind either. */
export function parseRelaxedJson(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, strict));
}

function strict(token: string): string {
  switch (token[0]) {
    case '"':
      return withoutBreaks(token);
    case "'":
      return withoutBreaks(
        `"${token
          .slice(1, -1)
          .replaceAll("\\'", "'")
          .replace(/(?<!\\)"/g, '\\"')}"`,
      );
    case '/':
    case ',':
      return '';
    default:
      return `"${token}"`;
  }
}

const withoutBreaks = (text: string) =>
  text.replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
