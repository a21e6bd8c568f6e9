import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../program.ts';

/** The same program as `azid`, told not to end the process; test/sandbox/process.test.ts runs it as one. */
async function refusal(args: readonly string[]): Promise<string> {
  const program = createProgram();
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }
  try {
    await program.parseAsync(['node', 'azid', ...args]);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`expected ${args.join(' ')} to be refused`);
}

afterEach(() => vi.unstubAllEnvs());

describe('azid controller refuses', () => {
  const rows: [flag: string, variable: string, value: string, expected: string][] = [
    ['--workers <n>', 'AZID_WORKERS', 'many', 'Expected a whole number from 1 to 256.'],
    ['--resync-interval <duration>', 'AZID_RESYNC_INTERVAL', '5', 'Expected a duration from 10s to 24h'],
    ['--activity-log <bool>', 'AZID_ACTIVITY_LOG', 'off', 'Expected true or false.'],
    ['--sign-ins <bool>', 'AZID_SIGN_INS', 'all', 'Expected true or false.'],
    ['--directory <bool>', 'AZID_DIRECTORY', 'all', 'Expected true or false.'],
    ['--azure-lag <duration>', 'AZID_AZURE_LAG', '2h', 'Expected a duration from 0s to 1h'],
    ['--release-after <duration>', 'AZID_RELEASE_AFTER', '1s', 'Expected a duration from 1m to 30d'],
    ['--tenant-id <uuid>', 'AZURE_TENANT_ID', 'contoso', 'Expected a UUID such as'],
    ['--client-id <uuid>', 'AZURE_CLIENT_ID', 'azid', 'Expected a UUID such as'],
    ['--installation-id <uuid>', 'AZID_INSTALLATION_ID', 'one', 'Expected a UUID such as'],
    ['--take-over <bool>', 'AZID_TAKE_OVER', 'yes', 'Expected true or false.'],
    ['--leader-elect <bool>', 'AZID_LEADER_ELECT', '1', 'Expected true or false.'],
    ['--namespace <name>', 'AZID_NAMESPACE', 'Azid', 'Expected 1 to 63 lower-case letters'],
    ['--lease-name <name>', 'AZID_LEASE_NAME', 'a b', 'Expected 1 to 63 lower-case letters'],
    ['--shard <name>', 'AZID_SHARD', 'Team A', 'Expected 1 to 63 lower-case letters'],
    ['--shard-count <n>', 'AZID_SHARD_COUNT', '0', 'Expected a whole number from 1 to 64.'],
    ['--lease-duration <duration>', 'AZID_LEASE_DURATION', '1s', 'Expected a duration from 5s to 10m'],
    ['--renew-deadline <duration>', 'AZID_RENEW_DEADLINE', '10', 'Expected a duration from 2s to 8m'],
    ['--retry-period <duration>', 'AZID_RETRY_PERIOD', '0s', 'Expected a duration from 500ms to 2m'],
    ['--pod-uid <uid>', 'AZID_POD_UID', 'pod-1', 'Expected a UUID such as'],
    ['--arm-endpoint <url>', 'AZID_ARM_ENDPOINT', 'http://arm', 'Expected an https URL without a path'],
    ['--authority-host <url>', 'AZURE_AUTHORITY_HOST', 'login', 'Expected an https URL without a path'],
    ['--graph-endpoint <url>', 'AZID_GRAPH_ENDPOINT', 'graph', 'Expected an https URL without a path'],
    [
      '--service-bus-endpoint <url>',
      'AZID_SERVICE_BUS_ENDPOINT',
      'Endpoint=sb://x/;SharedAccessKey=y',
      'Expected an sb URL',
    ],
    ['--cluster-issuer <url>', 'AZID_CLUSTER_ISSUER', 'cluster', 'Expected an https URL without query'],
    ['--ca-file <path>', 'AZID_CA_FILE', '/nonexistent', 'Expected a readable PEM file'],
    ['--listen-address <address>', 'AZID_LISTEN_ADDRESS', 'web:http', 'Expected an address such as'],
    [
      '--trace-endpoint <url>',
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      'http://user:secret@collector',
      'Expected an http or https URL without a user',
    ],
    ['--trace-ratio <number>', 'OTEL_TRACES_SAMPLER_ARG', '10', 'Expected a number from 0 to 1'],
    ['--cloud <name>', 'AZID_CLOUD', 'Germany', 'Allowed choices are Public, USGovernment, China.'],
    ['--credential <kind>', 'AZID_CREDENTIAL', 'secret', 'Allowed choices are'],
    ['--log-level <level>', 'AZID_LOG_LEVEL', 'loud', 'Allowed choices are debug, info, warn, error.'],
    ['--log-format <format>', 'AZID_LOG_FORMAT', 'xml', 'Allowed choices are json, text.'],
  ];

  it.each(rows)('%s, by flag and by variable', async (flag, variable, value, expected) => {
    const name = flag.split(' ')[0] ?? '';
    expect(await refusal(['controller', name, value])).toContain(
      `option '${flag}' argument '${value}' is invalid. ${expected}`,
    );
    vi.stubEnv(variable, value);
    expect(await refusal(['controller'])).toContain(
      `option '${flag}' value '${value}' from env '${variable}' is invalid. ${expected}`,
    );
  });

  it('nothing it has no row for: every flag with a form is above', () => {
    const controller = createProgram().commands.find((command) => command.name() === 'controller');
    const checked = (controller?.options ?? []).filter(({ parseArg }) => parseArg !== undefined);
    expect(checked.length).toBeGreaterThan(15);
    const flags = rows.map(([flag]) => flag);
    expect(checked.map((option) => option.flags).filter((each) => !flags.includes(each))).toEqual([]);
  });
});
