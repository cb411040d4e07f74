import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import * as z from 'zod/mini';
import type { CreatedTrustDomain } from '../lib/ca/add-cas.ts';
import type { adoptCas as AdoptCas } from '../lib/ca/adopt.ts';
import type { CaKeys } from '../lib/ca/ca-keys.ts';
import { createTrustDomain } from '../lib/ca/create-trust-domain.ts';
import { type CaSummary, summarizeCas } from '../lib/ca/summarize.ts';
import {
  ADOPTABLE_CAS,
  type CreateCaRequest,
  type PreparedAdoption,
} from '../lib/ca/trust-domain-request.ts';
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

const trustDomain = z
  .string()
  .check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain (lower case)'), z.maxLength(120));

const createSchema = z.strictObject({
  action: z.optional(z.literal('create')),
  trustDomain,
  cas: z.optional(z.array(z.enum(CA_NAMES)).check(z.minLength(1))),
  keySpec: z.optional(z.enum(CA_KEY_SPECS)),
  keys: z.optional(z.partialRecord(z.enum(CA_NAMES), z.string())),
  validityDays: z._default(
    z.number().check(z.int(), z.positive(), z.maximum(36500)),
    DEFAULT_VALIDITY_DAYS,
  ),
});

const MAX_PEM_LENGTH = 64 * 1024;

const toAdopt = z
  .partialRecord(
    z.enum(ADOPTABLE_CAS),
    z.strictObject({
      certificate: z.string().check(z.maxLength(MAX_PEM_LENGTH)),
      keyId: z.optional(z.string().check(z.minLength(1), z.maxLength(2048))),
    }),
  )
  .check(z.refine((cas) => Object.keys(cas).length > 0, 'must have at least one CA'));

const requestSchema = z.discriminatedUnion('action', [
  createSchema,
  z.strictObject({ action: z.literal('prepare-adoption'), trustDomain, cas: toAdopt }),
  z.strictObject({ action: z.literal('adopt'), trustDomain, cas: toAdopt }),
]);

/** For the caller: no secrets, only what is in the published certificates. */
export interface TrustDomainSummary {
  readonly trustDomain: string;
  readonly created: boolean;
  /** The CAs that this call added. */
  readonly added: readonly CaName[];
  readonly cas: Readonly<Record<string, CaSummary>>;
}

/** Creates or adopts the CAs of a trust domain, each once; repeated calls return the existing ones. */
export function newCreateCaHandler(service: Service, caKeys: CaKeys, reporter: Reporter) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event): Promise<TrustDomainSummary | PreparedAdoption> => {
      const request = readRequest(event);
      if (request.action === 'prepare-adoption') {
        const { prepareAdoption } = await import('../lib/ca/prepare-adoption.ts');
        const prepared = await prepareAdoption(service, caKeys, request).catch(rethrow);
        reporter.logger.info('prepared an adoption', { ...prepared });
        return prepared;
      }
      const isAdoption = request.action === 'adopt';
      const result = await (isAdoption
        ? adopt(service, caKeys, request)
        : createTrustDomain(service, caKeys, request)
      ).catch(rethrow);
      const { document, created, added } = result;
      const cas = summarizeCas(document);
      measure(reporter, METRICS.trustDomainCreated, created ? 1 : 0);
      reporter.logger.info(describeChange(isAdoption, result), {
        trustDomain: request.trustDomain,
        added,
        cas,
      });
      return { trustDomain: request.trustDomain, created, added, cas };
    });
}

/** Loaded when it is needed: a trust domain is adopted once. */
async function adopt(...call: Parameters<typeof AdoptCas>): Promise<CreatedTrustDomain> {
  const { adoptCas } = await import('../lib/ca/adopt.ts');
  return adoptCas(...call);
}

function describeChange(isAdoption: boolean, { created, added }: CreatedTrustDomain): string {
  if (added.length === 0 && !created) return 'exists';
  if (isAdoption) return 'adopted';
  return created ? 'created' : 'added';
}

function readRequest(event: unknown): CreateCaRequest {
  const result = requestSchema.safeParse(event);
  if (!result.success)
    throw new RequestMalformed(result.error.issues.map(describeIssue).join('; '));
  return withoutUndefined(result.data) as CreateCaRequest;
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

/** The types of requests have no fields with the value undefined; JSON has none. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
