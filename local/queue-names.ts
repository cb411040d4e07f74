/** The names of the queues of `cakeless local`. CloudFormation chooses those of a deployment. */
export const QUEUE_NAMES = {
  'upload queue': 'cakeless-uploads',
  'request queue': 'cakeless-requests',
} as const;
