/** `docs/reference/logs.md`: the lines of a controller's log, from the schema that tests hold them to. */
import {
  CONTEXT_FIELDS,
  HEAD_FIELDS,
  LOG_SECTIONS,
  MESSAGE_FIELDS,
} from '../../src/observability/logs/schema.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const INTRO = `# Logs

\`azid controller\` writes its log to standard error, a JSON object a line (\`--log-format text\`: for people). Messages are constant, what varies stands in fields, so a
query by \`msg\` finds all lines of a kind. Messages and fields stay as they are; a field may be added. No line holds a token, a header or a payload: what looks like a secret is replaced by \`[redacted]\`.

| Level | Means |
| --- | --- |
| \`error\` | a fault of azid itself, or one that it cannot recover from alone |
| \`warn\` | something failed and is retried, or waits for a person |
| \`info\` | changes made, starts and stops |
| \`debug\` | all else; only with \`--log-level debug\` |

With two levels a line is \`warn\` when it is new and \`debug\` while the same thing lasts.

\`\`\`json
{"level":"info","time":"2026-11-29T10:00:00.000Z","controller":"rolegrant","namespace":"shop","name":"checkout-blobs","reconcileId":"9b2f0c1e","reason":"Granted","correlationId":"6f1f2a30-0c5e-4b7e-9d55-0c6f0f6a7c11","change":"granted Storage Blob Data Reader","msg":"wrote to Azure"}
\`\`\`

`;

export function logsReference(): GeneratedFile {
  const fieldTable = (fields: Readonly<Record<string, string>>) =>
    markdownTable(
      ['Field', 'Holds'],
      Object.entries(fields).map(([name, about]) => [`\`${name}\``, about]),
    );
  const sections = Object.entries(LOG_SECTIONS).map(([title, messages]) => {
    const rows = messages.map(({ message, levels, fields }) => [
      `\`${message}\``,
      levels.map((level) => `\`${level}\``).join(', '),
      fields.map((field) => `\`${field}\``).join(', '),
    ]);
    return `\n### ${title}\n\n${markdownTable(['Message', 'Level', 'Fields'], rows)}`;
  });
  return {
    path: 'docs/reference/logs.md',
    text: [
      HEADERS.markdown + INTRO,
      `## Fields of every line\n\n${fieldTable(HEAD_FIELDS)}`,
      `\n## Whose line it is\n\nOn every line that belongs to it.\n\n${fieldTable(CONTEXT_FIELDS)}`,
      `\n## Messages\n${sections.join('')}`,
      `\n## Fields of messages\n\n${fieldTable(MESSAGE_FIELDS)}`,
    ].join(''),
  };
}
