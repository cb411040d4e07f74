import { DEFAULT_RULE, parseTrustDomainRules } from '../../lib/trust-domain-rules.ts';

it.each([undefined, '', '{}', '{"other":{"requiredApprovals":3}}'])(
  'with %s, a trust domain has the default rule: 8760h, one approver',
  (text) => {
    expect(parseTrustDomainRules(text)('prod')).toEqual({
      maxValiditySeconds: 31_536_000,
      requiredApprovals: 1,
    });
  },
);

it.each([
  [{ maxValidityPeriod: '720h' }, { ...DEFAULT_RULE, maxValiditySeconds: 720 * 3600 }],
  [{ requiredApprovals: 2 }, { ...DEFAULT_RULE, requiredApprovals: 2 }],
  [{}, DEFAULT_RULE],
])('%j is a rule, and what is missing is as by default', (rule, expected) => {
  expect(parseTrustDomainRules(JSON.stringify({ prod: rule }))('prod')).toEqual(expected);
});

it.each([
  'no JSON',
  '[]',
  '{"prod":{"maxValidityPeriod":"a year"}}',
  '{"prod":{"maxValidityPeriod":"0h"}}',
  '{"prod":{"requiredApprovals":0}}',
  '{"prod":{"requiredApprovals":1.5}}',
  '{"prod":{"requiredApprovals":11}}',
  '{"prod":{"maxValidity":"720h"}}',
])('%s is a fault: a limit that cannot be read is not ignored', (text) => {
  expect(() => parseTrustDomainRules(text)).toThrow(
    expect.objectContaining({ code: 'not-configured' }),
  );
});
