/** The environment of the functions: set by infra and by `cakeless local`, read by functions. One list for all. */
export const ENVIRONMENT = {
  exchangeBucket: 'CAKELESS_EXCHANGE_BUCKET',
  authorityBucket: 'CAKELESS_AUTHORITY_BUCKET',
  /** Queue that the sign function reads; reconcile writes to it. */
  queueUrl: 'CAKELESS_QUEUE_URL',
  /** ARNs of the roles that may sign with CA keys; `watch-signatures` raises whatever else does. */
  signRoleArn: 'CAKELESS_SIGN_ROLE_ARN',
  createCaRoleArn: 'CAKELESS_CREATE_CA_ROLE_ARN',
} as const;

/** Names of the functions, where nobody chose others. */
export const FUNCTION_NAMES = {
  sign: 'cakeless-sign',
  createCa: 'cakeless-create-ca',
  reconcile: 'cakeless-reconcile',
  watchSignatures: 'cakeless-watch-signatures',
} as const;

/** The `errorType` with which a function says that it was asked for something that can't be. */
export const REQUEST_MALFORMED = 'RequestMalformed';
