/** Billed calls for one certificate. The service's part is counted at its SDK clients by test/service/calls.test.ts. */
export const SERVICE_CALLS = {
  SignCommand: 1,
  PutObjectCommand: 4, // record, certificate in the ledger, expiry index, certificate for the node
  DeleteObjectCommand: 1, // a pending.json, if there was one; S3 does not charge for deletes
  GetObjectCommand: 6, // request, record, cluster, trust domain twice, certificate in the ledger
} as const;

/** The node puts the CSR, reads certificate, CSR and trust bundle, and lists twice with each look for an answer. */
const NODE_CALLS = { put: 1, get: 3, list: 2 };

/** watch-signatures looks up the record of each signature. */
const WATCH_CALLS = { get: 1, list: 1 };

export const CALLS_PER_CERTIFICATE = {
  kmsSign: SERVICE_CALLS.SignCommand,
  s3Put: SERVICE_CALLS.PutObjectCommand + NODE_CALLS.put + NODE_CALLS.list + WATCH_CALLS.list,
  s3Get: SERVICE_CALLS.GetObjectCommand + NODE_CALLS.get + WATCH_CALLS.get,
  /** Sent by S3, received, deleted. */
  sqs: 3,
};
