/**
 * Billed calls for one certificate that is alone in its batch; the messages of a batch share some
 * (docs/benchmarks.md). test/service/calls.slow.test.ts counts the service's calls at its SDK clients. A node also draws from
 * the budget of its cluster: a write, four times a day for a dozen certificates.
 */
export const SERVICE_CALLS = {
  SignCommand: 1,
  PutObjectCommand: 5, // budget, record, certificate in the ledger, expiry index, certificate for the node
  GetObjectCommand: 7, // request, record, cluster, trust domain, budgets of node and cluster, pending.json
} as const;

/** The same for a kubelet's serving certificate that a forwarder requests; one for a client needs no list. */
export const CSR_SERVICE_CALLS = {
  SignCommand: 1,
  PutObjectCommand: 7, // also the holder of the budget, and the claim of the CSR
  GetObjectCommand: 7,
  ListObjectsV2Command: 1, // the records of the clusters of the trust domain
} as const;

/**
 * A forwarder puts the CSR, lists its outcomes and gets the certificate (test/client/csrsigning/forwarder.test.ts). Without
 * CSRs it calls nothing.
 */
export const FORWARDER_CALLS = { create: 1, list: 1, get: 1 } as const;

/** One on each control plane. At most: usually one of them is so fast that the others have less to do. */
const FORWARDERS = 3;

/** The node puts the CSR, gets the certificate, the CSR and the trust bundle, and lists twice for each poll. */
const NODE_CALLS = { put: 1, get: 3, list: 2 };

/**
 * The report that a node writes in each run of its timer: a write that finds the earlier report, the read of it, and a
 * write over it. Once a day reconcile reads it, if the CAs of the cluster were adopted.
 */
export const REPORT_CALLS = { put: 2, get: 2 } as const;

/** watch-signatures looks up the record of each signature, its CSR and its trust domain. */
const WATCH_CALLS = { get: 3, list: 1 };

export const CALLS_PER_CERTIFICATE = {
  kmsSign: SERVICE_CALLS.SignCommand,
  s3Put: SERVICE_CALLS.PutObjectCommand + NODE_CALLS.put + NODE_CALLS.list + WATCH_CALLS.list,
  s3Get: SERVICE_CALLS.GetObjectCommand + NODE_CALLS.get + WATCH_CALLS.get,
  /** In each of the two queues a message is sent, received, proved to be there, and deleted. */
  sqs: 8,
};

export const CALLS_PER_CSR = {
  kmsSign: CSR_SERVICE_CALLS.SignCommand,
  s3Put:
    CSR_SERVICE_CALLS.PutObjectCommand +
    CSR_SERVICE_CALLS.ListObjectsV2Command +
    FORWARDERS * (FORWARDER_CALLS.create + FORWARDER_CALLS.list) +
    WATCH_CALLS.list,
  s3Get: CSR_SERVICE_CALLS.GetObjectCommand + FORWARDERS * FORWARDER_CALLS.get + WATCH_CALLS.get,
  sqs: CALLS_PER_CERTIFICATE.sqs,
};
