import { hash } from 'node:crypto';

/** How documents name certificates and keys: in lower-case hexadecimal. */
export const sha256Of = (der: Uint8Array): string => hash('sha256', der, 'hex');
