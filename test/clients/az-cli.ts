/** The Azure CLI from PyPI, unchanged, in a virtual environment that is kept between runs. */
import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { administrator, type SimulatorProcess } from './simulator-process.ts';

/** Pinned: what it sends is what the list of commands was written for. */
export const AZ_VERSION = '2.91.0';

const run = promisify(execFile);
const LIMITS = { maxBuffer: 64 * 2 ** 20 };

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Az {
  readonly principalId: string;
  run(args: readonly string[]): Promise<Outcome>;
}

/** Installs it when it is not there: some minutes, once. */
async function install(): Promise<string> {
  const folder = join(homedir(), '.cache', 'azid', 'clients', `az-${AZ_VERSION}`);
  const az = join(folder, 'bin', 'az');
  if (await exists(az)) return az;
  await mkdir(join(folder, '..'), { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  const pip = join(folder, 'bin', 'pip');
  try {
    await run(pip, ['install', '-q', '--disable-pip-version-check', `azure-cli==${AZ_VERSION}`], LIMITS);
  } catch (error) {
    await rename(folder, `${folder}.failed`).catch(() => {});
    await rm(`${folder}.failed`, { recursive: true, force: true });
    throw error;
  }
  return az;
}

/** The interpreter with the SDKs that the CLI brings along. */
export const pythonOfAz = async (): Promise<string> => join(dirname(await install()), 'python3');

/** Signed in to the simulator by a federated token, with the endpoints the simulator itself tells. */
export async function signIn(simulator: Omit<SimulatorProcess, keyof AsyncDisposable>): Promise<Az> {
  const az = await install();
  const env = {
    ...process.env,
    AZURE_CONFIG_DIR: join(simulator.folder, 'az'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: 'yes',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'yes',
    // As for Azure Stack: an authority that Microsoft's discovery does not know.
    AZURE_CORE_INSTANCE_DISCOVERY: 'no',
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: 'no',
    REQUESTS_CA_BUNDLE: simulator.caFile,
  };
  const call = async (args: readonly string[]): Promise<Outcome> => {
    try {
      const { stdout, stderr } = await run(az, [...args], { env, ...LIMITS });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const {
        code,
        stdout = '',
        stderr = '',
      } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof code !== 'number') throw error;
      return { code, stdout, stderr };
    }
  };
  const must = async (...args: string[]) => {
    const { code, stderr } = await call(args);
    if (code !== 0) throw new Error(`az ${args[0]} ${args[1]}: ${stderr}`);
  };
  const { clientId, principalId, token } = await administrator(simulator);
  await must('cloud', 'register', '-n', 'Simulated', '--endpoint-resource-manager', simulator.endpoint);
  await must('cloud', 'set', '-n', 'Simulated');
  const as = ['--service-principal', '-u', clientId, '--tenant', simulator.tenantId];
  await must('login', ...as, '--federated-token', token);
  return { principalId, run: call };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
