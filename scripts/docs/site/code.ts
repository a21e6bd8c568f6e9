import type { MarkdownRenderer } from 'vitepress';

/** Names such as `namespaces.selector.matchExpressions[].operator` are as wide as half a page: they may break after a mark, and nowhere else. */
export function breakable(html: string): string {
  return html.replace(/(?<=>)[^<]+(?=<\/code>)/, (text) =>
    text.replace(/(?<=[\w\]])[./_](?=\w)/g, '$&<wbr>'),
  );
}

export function breakableCode(markdown: MarkdownRenderer): void {
  const { rules } = markdown.renderer;
  const rule = rules.code_inline;
  if (rule === undefined)
    throw new Error('expected Markdown to have a rule for code in a line, found none; see MarkdownIt');
  rules.code_inline = (...args) => breakable(rule(...args));
}
