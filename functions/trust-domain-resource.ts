import type { Resource } from './answer-cloudformation.ts';

/** Custom::CakelessTrustDomain, whose properties (infra/trust-domain.ts) are a request to create-ca. */
export const trustDomainResource: Resource = {
  eventOf: ({ trustDomain, keys, validityDays }) => ({
    trustDomain,
    keys,
    ...(validityDays !== undefined && { validityDays: Number(validityDays) }),
  }),
  idOf: ({ trustDomain }) => `cakeless-trust-domain-${trustDomain}`,
};
