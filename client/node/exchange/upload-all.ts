/** Uploads several CSRs in parallel. */
import { Fault } from '../../../lib/fault.ts';
import { CommandError } from '../../errors.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import { type Exchange, RequestTakenError, upload } from './exchange.ts';

/** A node's twelve CSRs take as long as two; more at a time would not help on a slow line. */
const MOST_UPLOADS = 8;

export interface CsrToUpload {
  /** Key of the request. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

export type UploadResult =
  /** `uploaded` is false if the same CSR had been uploaded before. */
  { readonly uploaded: boolean } | { readonly error: unknown };

/** Tries all, even if one fails. The results are in the order of the CSRs; see `throwFailures`. */
export function uploadAll(
  exchange: Exchange,
  csrs: readonly CsrToUpload[],
): Promise<UploadResult[]> {
  const tryOne = async ({ key, bytes }: CsrToUpload): Promise<UploadResult> => {
    try {
      return { uploaded: await upload(exchange, key, bytes) };
    } catch (error) {
      return { error };
    }
  };
  return mapSideBySide(csrs, tryOne, MOST_UPLOADS);
}

/** Whether this run uploaded at least one of them. */
export const anyUploaded = (results: readonly UploadResult[]): boolean =>
  results.some((result) => 'uploaded' in result && result.uploaded);

/**
 * @throws RequestTakenError with every key that contains another CSR, if nothing else failed; otherwise the other errors,
 * as one
 */
export function throwFailures(
  csrs: readonly CsrToUpload[],
  results: readonly UploadResult[],
): void {
  const failures = results.flatMap((result, i) =>
    'error' in result ? [{ error: result.error, key: csrs[i]?.key ?? '' }] : [],
  );
  if (failures.length === 0) return;
  const taken = failures.map(({ error }) => error).filter((e) => e instanceof RequestTakenError);
  if (taken.length === failures.length)
    throw new RequestTakenError(...taken.flatMap(({ keys }) => keys));
  throw asOne(failures.filter(({ error }) => !(error instanceof RequestTakenError)));
}

interface Failure {
  readonly error: unknown;
  readonly key: string;
}

/** The first error, with a message that has each reason once: without a network, all CSRs fail for the same reason. */
function asOne(failures: readonly Failure[]): unknown {
  const [first] = failures;
  const reasons = new Map<string, { message: string; others: number }>();
  for (const { error, key } of failures) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.replaceAll(key, '');
    const known = reasons.get(reason);
    reasons.set(reason, known ? { ...known, others: known.others + 1 } : { message, others: 0 });
  }
  const messages = [...reasons.values()].map(({ message, others }) =>
    others === 0 ? message : `${message} (and ${others} more)`,
  );
  const [only = ''] = messages;
  if (first?.error instanceof Fault)
    return new Fault(first.error.code, messages.join('; '), first.error);
  if (!(first?.error instanceof CommandError)) return first?.error;
  const { code, hint } = first.error;
  if (messages.length === 1) return new CommandError(code, only, hint);
  return new CommandError(code, ['several CSRs could not be uploaded:', ...messages], hint);
}
