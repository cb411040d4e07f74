import type { Resource } from './answer-cloudformation.ts';

/** Custom::CakelessTrustDomain, whose properties (infra/trust-domain.ts) are a request to create-ca. */
export const trustDomainResource: Resource = {
  eventOf: ({ trustDomain, keys, validityDays }) => ({
    trustDomain,
    // of the CAs that have a key in the template, and no others: the function cannot create keys
    ...(typeof keys === 'object' && keys !== null && { cas: Object.keys(keys) }),
    keys,
    ...(validityDays !== undefined && { validityDays: Number(validityDays) }),
  }),
  idOf: ({ trustDomain }) => `cakeless-trust-domain-${trustDomain}`,
};
