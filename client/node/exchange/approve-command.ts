/** What somebody who waits hands to an approver. */

/** @param requestKey key of the request, with or without `requests/` in front */
export const approveCommand = (requestKey: string): string =>
  `an approver has to run: cakeless approve ${requestKey.replace(/^requests\//, '')}`;
