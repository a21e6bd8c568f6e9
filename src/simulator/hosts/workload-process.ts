/**
 * A workload: `@azure/identity`, unchanged, in a process of its own, because MSAL keeps the endpoint and the tokens it
 * has found for as long as its process lives. Argument: the credential's options as JSON. Writes `{"token"}` or `{"error"}`.
 */
import { ManagedIdentityCredential } from '@azure/identity';

const options = JSON.parse(process.argv[2] ?? '{}');
try {
  const credential = new ManagedIdentityCredential({ ...options, retryOptions: { maxRetries: 0 } });
  const { token } = await credential.getToken('https://management.azure.com/.default');
  process.stdout.write(JSON.stringify({ token }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
}
