/** Environment variables of the functions, which infra and `cakeless local` set. */
export const ENVIRONMENT = {
  exchangeBucket: 'CAKELESS_EXCHANGE_BUCKET',
  authorityBucket: 'CAKELESS_AUTHORITY_BUCKET',
  /** Queue of requests: triage and reconcile send to it. */
  queueUrl: 'CAKELESS_QUEUE_URL',
  /** Queue that a function reads: triage reads uploads, sign reads requests. */
  sourceQueueUrl: 'CAKELESS_SOURCE_QUEUE_URL',
  sourceQueueArn: 'CAKELESS_SOURCE_QUEUE_ARN',
  /** JSON: the rules of trust domains that differ from the defaults. */
  trustDomainRules: 'CAKELESS_TRUST_DOMAIN_RULES',
  /** JSON: the times that gates of rotations go by, where they differ from the defaults. */
  gateRules: 'CAKELESS_GATE_RULES',
  /** ARNs of the roles that may sign with CA keys; `watch-signatures` reports any other signer. */
  signRoleArn: 'CAKELESS_SIGN_ROLE_ARN',
  createCaRoleArn: 'CAKELESS_CREATE_CA_ROLE_ARN',
} as const;

/** Default names of the functions. */
export const FUNCTION_NAMES = {
  triage: 'cakeless-triage',
  sign: 'cakeless-sign',
  createCa: 'cakeless-create-ca',
  reconcile: 'cakeless-reconcile',
  watchSignatures: 'cakeless-watch-signatures',
} as const;

/** The `errorType` of a function's response to a request that cannot be carried out. */
export const REQUEST_MALFORMED = 'RequestMalformed';
