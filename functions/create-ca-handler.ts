import { X509Certificate } from 'node:crypto';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import * as z from 'zod/mini';
import type { CreatedTrustDomain } from '../lib/ca/add-cas.ts';
import type { CaKeys } from '../lib/ca/ca-keys.ts';
import { createTrustDomain } from '../lib/ca/create-trust-domain.ts';
import { type CaSummary, summarizeCas } from '../lib/ca/summarize.ts';
import {
  ADOPTABLE_CAS,
  type CaFinding,
  type CreateCaRequest,
  type ImportedVersion,
  type ImportPreview,
  type PreparedAdoption,
  type RenewedCa,
  type RequestedCertificates,
} from '../lib/ca/trust-domain-request.ts';
import { APPROVED_PHASES, PHASES } from '../lib/contract/rotation-phases.ts';
import { REQUEST_MALFORMED } from '../lib/environment-names.ts';
import { Fault } from '../lib/fault.ts';
import { METRICS } from '../lib/metric-names.ts';
import { isSubdomain } from '../lib/names.ts';
import { CA_NAMES, type CaName } from '../lib/profiles/certificate-names.ts';
import type { Gate } from '../lib/rotating/gate-result.ts';
import type { ImportedSuccessor } from '../lib/rotating/import-successor.ts';
import type {
  AwaitedCertificate,
  PlannedRotation,
  RotateResponse,
  RotationRequest,
  RotationStatus,
} from '../lib/rotating/rotation-request.ts';
import type { Service } from '../lib/service.ts';
import { CA_KEY_SPECS } from '../lib/signing/signing-algorithm.ts';
import { describeIssue } from '../lib/store/describe-issue.ts';
import { measure, type Reporter } from './report.ts';

/** kubeadm's caCertificateValidityPeriod of 87600h. */
const DEFAULT_VALIDITY_DAYS = 3650;

const trustDomain = z
  .string()
  .check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain (lower case)'), z.maxLength(120));

const keySpec = z.optional(z.enum(CA_KEY_SPECS));
const validityDays = z.number().check(z.int(), z.positive(), z.maximum(36500));

const createSchema = z.strictObject({
  action: z.optional(z.literal('create')),
  trustDomain,
  cas: z.optional(z.array(z.enum(CA_NAMES)).check(z.minLength(1))),
  keySpec,
  keys: z.optional(z.partialRecord(z.enum(CA_NAMES), z.string())),
  validityDays: z._default(validityDays, DEFAULT_VALIDITY_DAYS),
});

const MAX_PEM_LENGTH = 64 * 1024;

const keyId = z.optional(z.string().check(z.minLength(1), z.maxLength(2048)));
const pem = z.string().check(z.maxLength(MAX_PEM_LENGTH));
const atLeastOne = z.refine(
  (cas: unknown) => Object.keys(cas as object).length > 0,
  'must have at least one CA',
);

const toAdopt = z
  .partialRecord(z.enum(ADOPTABLE_CAS), z.strictObject({ certificate: pem, keyId }))
  .check(atLeastOne);

/** At most ub-common-name characters (RFC 5280 appendix A). */
const commonName = z.string().check(
  z.maxLength(64),
  z.regex(/^\P{C}+$/u, 'must be printable text'),
  z.refine((text) => text.trim() === text, 'must not begin or end with a space'),
);

const toCertify = z
  .partialRecord(z.enum(CA_NAMES), z.strictObject({ commonName: z.optional(commonName), keyId }))
  .check(atLeastOne);

const toImport = z
  .partialRecord(z.enum(CA_NAMES), z.strictObject({ certificate: pem, chain: pem, keyId }))
  .check(atLeastOne);

const ca = z.enum(CA_NAMES);
const compromised = z.optional(z.boolean());

/** More than a person can give a reason for. */
const MOST_WAIVERS = 200;

const text = z.string().check(z.minLength(1), z.maxLength(512), z.regex(/^\P{C}+$/u));
const waivers = z.optional(
  z.array(z.strictObject({ subject: text, reason: text })).check(z.maxLength(MOST_WAIVERS)),
);

const requestSchema = z.discriminatedUnion('action', [
  createSchema,
  z.strictObject({ action: z.literal('prepare-adoption'), trustDomain, cas: toAdopt }),
  z.strictObject({ action: z.literal('adopt'), trustDomain, cas: toAdopt }),
  z.strictObject({
    action: z.literal('request-certificate'),
    trustDomain,
    cas: toCertify,
    keySpec,
  }),
  z.strictObject({
    action: z.literal('import-certificate'),
    trustDomain,
    cas: toImport,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('plan-rotation'),
    trustDomain,
    ca,
    phase: z.enum(APPROVED_PHASES),
    compromised,
    waivers,
    keyId,
    keySpec,
    validityDays: z.optional(validityDays),
    ownRoot: z.optional(z.boolean()),
    abandon: z.optional(z.number().check(z.int(), z.positive())),
    belowAnother: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('rotate'),
    trustDomain,
    ca,
    to: z.enum(PHASES),
    compromised,
    waivers,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({ action: z.literal('rotation'), trustDomain }),
  z.strictObject({ action: z.literal('declare-compromised'), trustDomain, ca }),
  z.strictObject({
    action: z.literal('renew-ca'),
    trustDomain,
    ca: z.enum(CA_NAMES),
    validityDays: z.optional(validityDays),
    dryRun: z.optional(z.boolean()),
  }),
]);

/** For the caller: no secrets, only what is in the published certificates. */
export interface TrustDomainSummary {
  readonly trustDomain: string;
  readonly created: boolean;
  /** The CAs that this call added. */
  readonly added: readonly CaName[];
  readonly cas: Readonly<Record<string, CaSummary>>;
  /** What is unusual about imported certificates; only in the response to `import-certificate`. */
  readonly warnings?: readonly CaFinding[];
  /** A new version of a CA whose certificate was imported, before or after its rotation starts. */
  readonly successor?: ImportedVersion;
  /** The subordinate CAs that the call renewed; only in the response to `import-certificate`. */
  readonly renewed?: readonly RenewedCa[];
}

export type CreateCaResponse =
  | TrustDomainSummary
  | PreparedAdoption
  | RequestedCertificates
  | ImportPreview
  | RenewedCa
  | PlannedRotation
  | AwaitedCertificate
  | RotateResponse
  | RotationStatus;

type HandledRequest = CreateCaRequest | RotationRequest;

/**
 * Creates or adopts the CAs of a trust domain, or imports their certificates, each once; repeated calls return the existing
 * ones. Renews their certificates, and rotates CAs, step by step.
 */
export function newCreateCaHandler(
  service: Service,
  caKeys: CaKeys,
  gate: Gate,
  reporter: Reporter,
) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event): Promise<CreateCaResponse> => {
      const request = readRequest(event);
      return answer({ service, caKeys, gate, reporter }, request).catch(rethrow);
    });
}

interface Deps {
  readonly service: Service;
  readonly caKeys: CaKeys;
  readonly gate: Gate;
  readonly reporter: Reporter;
}

/** What is needed once for a trust domain, if at all, is loaded when it is. */
async function answer(deps: Deps, request: HandledRequest): Promise<CreateCaResponse> {
  const { service, caKeys, reporter } = deps;
  switch (request.action) {
    case 'prepare-adoption': {
      const { prepareAdoption } = await import('../lib/ca/prepare-adoption.ts');
      const prepared = await prepareAdoption(service, caKeys, request);
      reporter.logger.info('prepared an adoption', { ...prepared });
      return prepared;
    }
    case 'request-certificate': {
      const { requestCertificates } = await import('../lib/ca/request-certificate.ts');
      const requested = await requestCertificates(service, caKeys, request);
      reporter.logger.info('requested certificates', { ...requested });
      return requested;
    }
    case 'adopt': {
      const { adoptCas } = await import('../lib/ca/adopt.ts');
      return summarize(deps, 'adopted', await adoptCas(service, caKeys, request));
    }
    case 'import-certificate': {
      const { importSuccessor } = await import('../lib/rotating/import-successor.ts');
      const successor = await importSuccessor(service, caKeys, request);
      if (successor) return summarizeSuccessor(deps, successor, request.dryRun);
      const { importCertificates, previewImport } = await import('../lib/ca/import-certificate.ts');
      if (request.dryRun) return previewImport(service, caKeys, request);
      const { warnings, renewed, ...result } = await importCertificates(service, caKeys, request);
      if (renewed.length > 0) reporter.logger.info('renewed CA certificates', { renewed });
      return { ...summarize(deps, 'imported', result), warnings, renewed };
    }
    case 'plan-rotation':
    case 'rotate':
    case 'rotation':
    case 'declare-compromised':
      return answerRotation(deps, request);
    case 'renew-ca': {
      const { renewCa } = await import('../lib/ca/renew-ca.ts');
      const renewed = await renewCa(service, request);
      reporter.logger.info(renewed.changed ? 'renewed a CA certificate' : 'nothing was renewed', {
        ...renewed,
      });
      return renewed;
    }
    default:
      return summarize(deps, 'created', await createTrustDomain(service, caKeys, request));
  }
}

async function answerRotation(
  { service, caKeys, gate, reporter }: Deps,
  request: RotationRequest,
): Promise<CreateCaResponse> {
  const { answerRotationRequest } = await import('../lib/rotating/answer.ts');
  const answer = await answerRotationRequest(service, caKeys, gate, request);
  reporter.logger.info(request.action, { request, answer: forLog(answer) });
  return answer;
}

/** A log event can have 256 KiB. */
const MOST_LOGGED = 20;

function forLog(
  answer: PlannedRotation | AwaitedCertificate | RotateResponse | RotationStatus,
): object {
  if (!('missing' in answer)) return answer;
  const { missing, notes, ...rest } = answer;
  return {
    ...rest,
    missing: missing.slice(0, MOST_LOGGED),
    notes: notes.slice(0, MOST_LOGGED),
  };
}

type Change = 'created' | 'adopted' | 'imported';

function summarize(
  { reporter }: Deps,
  change: Change,
  result: CreatedTrustDomain,
): TrustDomainSummary {
  const { document, created, added } = result;
  const { trustDomain: name } = document;
  const cas = summarizeCas(document);
  measure(reporter, METRICS.trustDomainCreated, created ? 1 : 0);
  reporter.logger.info(describeChange(change, result), { trustDomain: name, added, cas });
  return { trustDomain: name, created, added, cas };
}

function summarizeSuccessor(
  { reporter }: Deps,
  { document, name, certificate, warnings }: ImportedSuccessor,
  dryRun = false,
): TrustDomainSummary | ImportPreview {
  const { trustDomain, ca, version } = name;
  const successor = { ca, version, sha256: new X509Certificate(certificate).fingerprint256 };
  if (dryRun) return { trustDomain, adds: [], renewed: [], warnings, successor };
  reporter.logger.info('imported a certificate for a rotation', { trustDomain, ...successor });
  const cas = summarizeCas(document);
  return { trustDomain, created: false, added: [], cas, warnings, successor };
}

function describeChange(change: Change, { created, added }: CreatedTrustDomain): string {
  if (added.length === 0 && !created) return 'exists';
  return change === 'created' && !created ? 'added' : change;
}

function readRequest(event: unknown): HandledRequest {
  const result = requestSchema.safeParse(event);
  if (!result.success)
    throw new RequestMalformed(result.error.issues.map(describeIssue).join('; '));
  return withoutUndefined(result.data) as HandledRequest;
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
