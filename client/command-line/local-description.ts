/** Separate from `local.ts`, which the bundles replace. */
export const LOCAL_DESCRIPTION =
  'run the service on this machine, on loopback only, for evaluation and tests: its CA keys are plain files';
