import type { Resource } from './answer-cloudformation.ts';

/** Custom::CakelessTrustDomain: its properties are a request to create-ca (infra/trust-domain.ts writes them). */
export const trustDomainResource: Resource = {
  eventOf: ({ trustDomain, keys, validityDays }) => ({
    trustDomain,
    keys,
    ...(validityDays !== undefined && { validityDays: Number(validityDays) }),
  }),
  idOf: ({ trustDomain }) => `cakeless-trust-domain-${trustDomain}`,
};
