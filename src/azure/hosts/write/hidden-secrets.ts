/**
 * What a GET hides, so that putting its answer back would lose it (docs/azure-facts.md section 7, docs/guarantees.md G16). By the
 * specifications' secret and write-only fields; for types that are put as a whole.
 */
import { asciiLower } from '../../names/ascii.ts';
import type { Model } from './replace.ts';

/** A secret that is not shown: at `path` stands something that only makes sense with it. */
type Finder = (properties: Fields) => Iterable<string>;
type Fields = Readonly<Record<string, unknown>>;

const FINDERS: Readonly<Record<string, Finder>> = {
  'microsoft.containerinstance/containergroups': containerGroup,
  'microsoft.containerservice/managedclusters': managedCluster,
  'microsoft.logic/workflows': workflow,
};

/** Paths of values that this model hides; empty if nothing is known to be hidden. Whoever finds some does not PUT. */
export function hiddenSecrets(type: string, { properties }: Model): string[] {
  return [...(FINDERS[asciiLower(type)]?.(fields(properties)) ?? [])].map((path) => `properties.${path}`);
}

function* containerGroup(properties: Fields): Generator<string> {
  for (const list of ['containers', 'initContainers'])
    for (const [container, at] of items(properties, list)) {
      const inner = fields(container.properties);
      for (const [variable, path] of items(inner, 'environmentVariables')) {
        // A plain one shows its value, also an empty one.
        const shown = ['value', 'secureValue', 'secureValueReference'].some((name) => has(variable, name));
        if (!shown) yield `${at}.properties.${path}.secureValue`;
      }
    }
  for (const [registry, at] of items(properties, 'imageRegistryCredentials')) {
    const shown = ['password', 'passwordReference', 'identity'].some((name) => has(registry, name));
    if (!shown) yield `${at}.password`;
  }
  for (const [volume, at] of items(properties, 'volumes')) {
    // Of a secret volume at most the file names are shown.
    if (has(volume, 'secret') || has(volume, 'secretReference')) yield `${at}.secret`;
    const share = volume.azureFile;
    const shown = ['storageAccountKey', 'storageAccountKeyReference'].some((name) =>
      has(fields(share), name),
    );
    if (has(volume, 'azureFile') && !shown) yield `${at}.azureFile.storageAccountKey`;
  }
  const { logAnalytics } = fields(properties.diagnostics);
  if (logAnalytics && !has(fields(logAnalytics), 'workspaceKey'))
    yield 'diagnostics.logAnalytics.workspaceKey';
  for (const [extension, at] of items(properties, 'extensions'))
    if (!has(fields(extension.properties), 'protectedSettings')) yield `${at}.properties.protectedSettings`;
}

function* managedCluster(properties: Fields): Generator<string> {
  const principal = fields(properties.servicePrincipalProfile);
  // `msi` stands for: no service principal, so no secret.
  if (has(principal, 'clientId') && !/^msi$/i.test(String(principal.clientId)) && !has(principal, 'secret'))
    yield 'servicePrincipalProfile.secret';
  if (has(properties, 'windowsProfile') && !has(fields(properties.windowsProfile), 'adminPassword'))
    yield 'windowsProfile.adminPassword';
  const directory = fields(properties.aadProfile);
  if (has(directory, 'serverAppID') && !has(directory, 'serverAppSecret')) yield 'aadProfile.serverAppSecret';
}

/** Parameters of the secure types: neither their values nor their defaults are shown. */
function* workflow(properties: Fields): Generator<string> {
  const declared = fields(fields(properties.definition).parameters);
  const given = fields(properties.parameters);
  for (const name of new Set([...Object.keys(declared), ...Object.keys(given)])) {
    const types = [fields(declared[name]).type, fields(given[name]).type].map((type) => String(type));
    if (types.some((type) => /^secure(string|object)$/i.test(type))) yield `parameters.${name}`;
  }
}

function* items(of: Fields, name: string): Generator<readonly [Fields, string]> {
  const list = of[name];
  if (!Array.isArray(list)) return;
  for (const [index, each] of list.entries()) yield [fields(each), `${name}[${index}]`];
}

function has(of: Fields, name: string): boolean {
  return of[name] !== undefined && of[name] !== null;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
