/**
 * Billed calls for one certificate that is alone in its batch; the messages of a batch share some
 * (docs/benchmarks.md). test/service/calls.test.ts counts the service's calls at its SDK clients. A node also draws from
 * the budget of its cluster: a write, four times a day for a dozen certificates.
 */
export const SERVICE_CALLS = {
  SignCommand: 1,
  PutObjectCommand: 5, // budget, record, certificate in the ledger, expiry index, certificate for the node
  GetObjectCommand: 7, // request, record, cluster, trust domain, budgets of node and cluster, pending.json
} as const;

/** The node puts the CSR, gets the certificate, the CSR and the trust bundle, and lists twice for each poll. */
const NODE_CALLS = { put: 1, get: 3, list: 2 };

/** watch-signatures looks up the record of each signature, its CSR and its trust domain. */
const WATCH_CALLS = { get: 3, list: 1 };

export const CALLS_PER_CERTIFICATE = {
  kmsSign: SERVICE_CALLS.SignCommand,
  s3Put: SERVICE_CALLS.PutObjectCommand + NODE_CALLS.put + NODE_CALLS.list + WATCH_CALLS.list,
  s3Get: SERVICE_CALLS.GetObjectCommand + NODE_CALLS.get + WATCH_CALLS.get,
  /** In each of the two queues a message is sent, received, proved to be there, and deleted. */
  sqs: 8,
};
