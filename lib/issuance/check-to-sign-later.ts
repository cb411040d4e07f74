/** The checks before a signature, loaded when the first certificate is to be issued: other outcomes need none of them. */
import type * as Checks from './check-to-sign.ts';

let loading: Promise<typeof Checks> | undefined;

export function loadChecks(): Promise<typeof Checks> {
  loading ??= import('./check-to-sign.ts');
  return loading;
}
