/** Finds parts of a private key in text and bytes: in the raw form, in hex and in base64. */
import { createPrivateKey } from 'node:crypto';

/** Long enough that none of them is found by chance, and short enough that a part of a key is found. */
const WINDOW = 9;

/** Every window of the secret numbers of a key, in each form. */
export function windowsOf(pem: string): Buffer[] {
  const { d, p, q, dp, dq, qi } = createPrivateKey(pem).export({ format: 'jwk' });
  const numbers = [d, p, q, dp, dq, qi].flatMap((number) =>
    number === undefined ? [] : [Buffer.from(number, 'base64url')],
  );
  return numbers.flatMap((number) =>
    Array.from({ length: number.length - WINDOW + 1 }, (_, i) => number.subarray(i, i + WINDOW)),
  );
}

/** The forms in which the windows are in some bytes. */
export function formsFound(windows: readonly Buffer[], bytes: Buffer): string[] {
  const text = bytes.toString('latin1').replaceAll(/\s|\\n/g, '');
  const forms: Record<string, (window: Buffer) => boolean> = {
    raw: (window) => bytes.includes(window),
    hex: (window) => text.toLowerCase().includes(window.toString('hex')),
    // as each third window is encoded in the base64 of the whole
    base64: (window) => text.includes(window.toString('base64')),
    base64url: (window) => text.includes(window.toString('base64url')),
    'an array of numbers': (window) => text.includes([...window].join(',')),
  };
  return Object.entries(forms).flatMap(([name, isIn]) => (windows.some(isIn) ? [name] : []));
}
