/** What somebody who waits hands to an approver. */
import { shortRequestKey } from '../../../lib/contract/request-key.ts';

/** @param requestKey key of the request, with or without `requests/` in front */
export const approveCommand = (requestKey: string): string =>
  `an approver has to run: cakeless approve ${shortRequestKey(requestKey)}`;
