/** `checkRecord`, loaded when the first certificate is to be issued: other outcomes need neither it nor lint. */
import type { checkRecord as check } from './check-record.ts';

let loading: Promise<{ readonly checkRecord: typeof check }> | undefined;

export function loadCheckRecord(): Promise<{ readonly checkRecord: typeof check }> {
  loading ??= import('./check-record.ts');
  return loading;
}

export const checkRecord: typeof check = async (...call) =>
  (await loadCheckRecord()).checkRecord(...call);
