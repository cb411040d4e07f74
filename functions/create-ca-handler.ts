import { X509Certificate } from 'node:crypto';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import * as z from 'zod/mini';
import type { CaKeys } from '../lib/ca/ca-keys.ts';
import { createTrustDomain } from '../lib/ca/create-trust-domain.ts';
import type { TrustDomainRequest } from '../lib/ca/trust-domain-request.ts';
import { casOf, signingVersionOf } from '../lib/contract/trust-domain.ts';
import { REQUEST_MALFORMED } from '../lib/environment-names.ts';
import { Fault } from '../lib/fault.ts';
import { METRICS } from '../lib/metric-names.ts';
import { isSubdomain } from '../lib/names.ts';
import { CA_NAMES, type CaName } from '../lib/profiles/certificate-names.ts';
import type { Service } from '../lib/service.ts';
import { CA_KEY_SPECS } from '../lib/signing/signing-algorithm.ts';
import { describeIssue } from '../lib/store/describe-issue.ts';
import { measure, type Reporter } from './report.ts';

/** kubeadm's caCertificateValidityPeriod of 87600h. */
const DEFAULT_VALIDITY_DAYS = 3650;

const requestSchema = z.strictObject({
  trustDomain: z
    .string()
    .check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain (lower case)'), z.maxLength(120)),
  cas: z.optional(z.array(z.enum(CA_NAMES)).check(z.minLength(1))),
  keySpec: z.optional(z.enum(CA_KEY_SPECS)),
  keys: z.optional(z.partialRecord(z.enum(CA_NAMES), z.string())),
  validityDays: z._default(
    z.number().check(z.int(), z.positive(), z.maximum(36500)),
    DEFAULT_VALIDITY_DAYS,
  ),
});

/** For the caller: no secrets, only what is in the published certificates. */
export interface TrustDomainSummary {
  readonly trustDomain: string;
  readonly created: boolean;
  /** The CAs that this call added. */
  readonly added: readonly CaName[];
  readonly cas: Record<
    string,
    { keyId: string; keySpec: string; sha256: string; subject: string; notAfter: string }
  >;
}

/** Creates the CAs of a trust domain, each once; repeated calls return the existing ones. */
export function newCreateCaHandler(service: Service, caKeys: CaKeys, reporter: Reporter) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event): Promise<TrustDomainSummary> => {
      const request = readRequest(event);
      const made = await createTrustDomain(service, caKeys, request).catch(rethrow);
      const { document, created, added } = made;
      const cas = Object.fromEntries(
        casOf(document).map(([ca, versions]) => [ca, summarize(signingVersionOf(ca, versions))]),
      );
      measure(reporter, METRICS.trustDomainCreated, created ? 1 : 0);
      reporter.logger.info(created ? 'created' : added.length > 0 ? 'added' : 'exists', {
        trustDomain: request.trustDomain,
        added,
        cas,
      });
      return { trustDomain: request.trustDomain, created, added, cas };
    });
}

function readRequest(event: unknown): TrustDomainRequest {
  const result = requestSchema.safeParse(event);
  if (!result.success)
    throw new RequestMalformed(result.error.issues.map(describeIssue).join('; '));
  const { cas, keys, keySpec, ...rest } = result.data;
  return {
    ...rest,
    ...(cas && { cas }),
    ...(keySpec && { keySpec }),
    ...(keys && { keys: withoutUndefined(keys) }),
  };
}

/** Lambda returns an error's name as `errorType`, by which the caller distinguishes an invalid request from a failure. */
class RequestMalformed extends Error {
  override name = REQUEST_MALFORMED;
}

function rethrow(error: unknown): never {
  if (error instanceof Fault && error.code === 'request-malformed')
    throw new RequestMalformed(error.message);
  throw error;
}

function withoutUndefined(keys: Record<string, string | undefined>) {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

function summarize(version: { keyId: string; keySpec: string; certificate: string }) {
  const certificate = new X509Certificate(version.certificate);
  return {
    keyId: version.keyId,
    keySpec: version.keySpec,
    subject: certificate.subject,
    sha256: certificate.fingerprint256,
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}
