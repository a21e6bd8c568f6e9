/** vitest: before each file, in a process that others came before it in. */
import tls from 'node:tls';
import { afterAll } from 'vitest';
import { endAll } from './end-of-file.ts';

// Node offers a post-quantum key exchange with every TLS connection by default, and each side pays for it; these connections do not leave
// the machine.
tls.DEFAULT_ECDH_CURVE = 'X25519';

// The first hook that is registered is the last one that runs: after the file's own.
afterAll(endAll);
