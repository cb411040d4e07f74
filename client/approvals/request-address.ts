/** The request that an approver names. */
import { isPendingKey } from '../../lib/contract/outcomes.ts';
import {
  completeRequestKey,
  parseRequestKey,
  type RequestAddress,
  requestKeyOfOutcome,
} from '../../lib/contract/request-key.ts';
import { CommandError } from '../errors.ts';

/**
 * @param text the key of a request, with or without the `requests/` prefix
 * @throws CommandError if it is not the key of a request
 */
export function requestAddress(text: string): RequestAddress {
  const key = isPendingKey(text) ? requestKeyOfOutcome(text, 'pending') : completeRequestKey(text);
  const address = key === undefined ? undefined : parseRequestKey(key);
  if (address) return address;
  throw new CommandError(
    'usage',
    `${text}: not the key of a request`,
    'run cakeless pending to list the requests that need approval',
  );
}
