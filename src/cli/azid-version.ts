// As a module and not as a file read at run time, so that a bundle holds it.
import manifest from '../../package.json' with { type: 'json' };

/** azid's version, from its package. */
export const VERSION: string = manifest.version;
