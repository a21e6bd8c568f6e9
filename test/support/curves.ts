/**
 * vitest: before each file. Node offers a post-quantum key exchange with every TLS connection by default, and each side pays for it;
 * these connections do not leave the machine.
 */
import tls from 'node:tls';

tls.DEFAULT_ECDH_CURVE = 'X25519';
