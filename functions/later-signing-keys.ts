/** KMS as `SigningKeys`, loaded when the first certificate is to be signed: most other outcomes need no KMS. */
import type { SigningKeys } from '../lib/signing/signing-keys.ts';

export interface LaterSigningKeys extends SigningKeys {
  /** Starts loading, so that the code is loaded while the first calls wait for the network. */
  preload(): void;
}

/** @param onThrottle called for each throttling error of KMS */
export function laterSigningKeys(onThrottle?: () => void): LaterSigningKeys {
  let loading: Promise<SigningKeys> | undefined;
  const load = () => {
    loading ??= import('./kms.ts').then(({ newSigningKeys }) => newSigningKeys(onThrottle));
    return loading;
  };
  return {
    preload: () => {
      load().catch(() => {}); // the caller of sign sees the error
    },
    sign: async (...call) => (await load()).sign(...call),
  };
}
