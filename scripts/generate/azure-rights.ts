/** `docs/reference/azure-rights.md`: what azid calls in Azure, the right it needs, the role that has it, and what shows when it is missing. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AZURE_RIGHTS } from '../../src/operator/azure/azure-rights.ts';
import type { AzureRight, MissingRight } from '../../src/operator/azure/right.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const ROLES = join(import.meta.dirname, '..', '..', 'deploy', 'azure');
const HEAD = ['azid wants to', 'Right', 'Role', 'Without it', 'Remarks'];

/** Of the rights that no role of deploy/azure has. */
const ELSEWHERE: Readonly<Record<AzureRight['of'], string>> = {
  'Resource Manager': '`Reader`',
  'Service Bus': '`Azure Service Bus Data Receiver`',
  'Microsoft Graph': 'application permission',
};

const INTRO = `# Rights in Azure

Every call that azid makes to Azure, and the right that it needs. Give azid only the roles for what teams are to declare ([run azid on Azure](../guides/run-on-azure.md#1-prepare-azure)),
and cut out of them what nobody uses: azid works with any part, and says what is missing where it is missing. The message of the object names the right and the scope.
A right that was just given acts within minutes; azid tries again every 5 minutes.

`;

export async function azureRightsReference(): Promise<GeneratedFile> {
  const roles = await rolesByAction();
  const sections = ['Resource Manager', 'Service Bus', 'Microsoft Graph'] as const;
  const text = sections.map((of) => {
    const rows = AZURE_RIGHTS.filter((each) => each.of === of).map((each) => rowOf(each, roles));
    return `## ${of}\n\n${markdownTable(HEAD, rows)}`;
  });
  return { path: 'docs/reference/azure-rights.md', text: HEADERS.markdown + INTRO + text.join('\n') };
}

function rowOf(
  { call, right, of, without, note }: AzureRight,
  roles: ReadonlyMap<string, readonly string[]>,
): string[] {
  const named = roles
    .get(right)
    ?.map((name) => `\`${name}\``)
    .join(', ');
  return [call, `\`${right}\``, named ?? ELSEWHERE[of], without ? shown(without) : '', note ?? ''];
}

function shown({ on, reason, condition }: MissingRight): string {
  if (condition !== undefined) return `${on}: \`${condition}\`, \`${reason}\``;
  return on === 'log' ? `a line of the log: \`${reason}\`` : `${on}: \`${reason}\``;
}

async function rolesByAction(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const name of (await readdir(ROLES)).filter((each) => each.endsWith('-role.json')).sort()) {
    const role = JSON.parse(await readFile(join(ROLES, name), 'utf8')) as { Name: string; Actions: string[] };
    for (const action of role.Actions) found.set(action, [...(found.get(action) ?? []), role.Name]);
  }
  return found;
}
