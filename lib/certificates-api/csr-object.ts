/**
 * A CertificateSigningRequest of Kubernetes' certificates API as it is uploaded: what the API server gave, in a closed
 * shape. One digest over its bytes therefore binds key, usages, requester and conditions for the record and for approvals.
 * The fields are those of k8s.io/api/certificates/v1.
 */
import * as z from 'zod/mini';
import { LIMITS } from '../limits.ts';
import { quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';
import { describeIssue } from '../store/describe-issue.ts';
import { countJsonNames, countNames } from './json-names.ts';

const API_VERSION = 'certificates.k8s.io/v1';
const KIND = 'CertificateSigningRequest';

/** The API refuses less (pkg/apis/certificates/validation). */
export const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 31 - 1; // an int32

const matching = (what: string, pattern: RegExp) =>
  z.string().check(z.regex(pattern, { error: `must be ${what}` }));

/** The API server makes UUIDs. Without a dot, `<uid>` and `<uid>.2` are always two attempts of one CSR. */
const uid = matching('one RFC 1123 label', /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const time = matching(
  'a time in ISO 8601 and UTC',
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/,
);
const base64 = matching(
  'base64, as the API server writes it',
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/,
);
/**
 * The API server accepts whatever can be a part of a path (ValidateCertificateRequestName in pkg/apis/certificates): the
 * first CSR of a kubelet is `node-csr-` and a digest in base64url. Nothing is decided by it.
 */
const name = z.string().check(
  z.refine((text) => /^[^/%]{1,253}$/.test(text) && text !== '.' && text !== '..', {
    error: 'must be a name that the API server accepts, of at most 253 characters',
  }),
);

const conditionSchema = z.strictObject({
  type: z.string(),
  status: z.string(),
  reason: z.optional(z.string()),
  message: z.optional(z.string()),
});

export const csrObjectSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: z.strictObject({ name, uid, creationTimestamp: time }),
  spec: z.strictObject({
    /** The CSR: base64 of one PEM block. */
    request: base64,
    signerName: z.string(),
    usages: z.array(z.string()),
    expirationSeconds: z.optional(
      z
        .number()
        .check(z.int(), z.minimum(MIN_EXPIRATION_SECONDS), z.maximum(MAX_EXPIRATION_SECONDS)),
    ),
    /** Who created the object, as the API server authenticated them. */
    username: z.string(),
    uid: z.optional(z.string()),
    groups: z.array(z.string()),
    extra: z.optional(z.record(z.string(), z.array(z.string()))),
  }),
  status: z.strictObject({ conditions: z.optional(z.array(conditionSchema)) }),
});

export type CsrObject = z.infer<typeof csrObjectSchema>;

export type CsrObjectReading =
  | { readonly object: CsrObject; readonly violations: readonly [] }
  | { readonly object?: undefined; readonly violations: readonly Violation[] };

/** Reads an upload; every invalid field is a violation. */
export function readCsrObject(body: Uint8Array): CsrObjectReading {
  if (body.length > LIMITS.maxObjectBytes)
    return { violations: [malformed(`${body.length} bytes`)] };
  const value = parse(body);
  if (typeof value === 'string') return { violations: [malformed(value)] };
  const result = csrObjectSchema.safeParse(value.json);
  if (result.success) return { object: result.data, violations: [] };
  const issues = result.error.issues.slice(0, LIMITS.maxViolationsPerCode);
  return { violations: issues.map((issue) => malformed(describeIssue(issue))) };
}

/** The JSON value, or what is wrong with it. Parsers differ on a name that occurs twice, so it is an error. */
function parse(body: Uint8Array): { readonly json: unknown } | string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const json: unknown = JSON.parse(text);
    return countNames(json) === countJsonNames(text) ? { json } : 'a name that occurs twice';
  } catch {
    return 'not JSON in UTF-8';
  }
}

function malformed(got: string): Violation {
  return {
    code: 'csr-object-malformed',
    field: 'object',
    got: quote(got),
    allowed: `a ${KIND} of ${API_VERSION} as JSON, with the documented fields only and of at most ${LIMITS.maxObjectBytes} bytes`,
    fix: 'upload what `cakeless csrsigning` uploads',
  };
}

/** Groups of a person can be hundreds; only those of Kubernetes are judged. */
const MOST_OTHER_GROUPS = 50;
/** Which credential the requester had, and for which pod: keys of other authenticators can be anything. */
const KNOWN_EXTRA = 'authentication.kubernetes.io/';
/** Messages are for people; the whole one is at the API server. */
const MAX_MESSAGE_LENGTH = 1024;

/**
 * Cuts what the API server gave to the closed shape: the groups of Kubernetes and the first 50 others, what Kubernetes
 * knows about the credential, the known fields of conditions. undefined if it is not a CertificateSigningRequest.
 */
export function toCsrObject(api: unknown): CsrObject | undefined {
  const given = apiObjectSchema.safeParse(api);
  if (!given.success) return undefined;
  const { metadata, spec, status } = given.data;
  const conditions = status?.conditions ?? [];
  const { groups = [], extra, ...rest } = spec;
  const known = Object.entries(extra ?? {}).filter(([name]) => name.startsWith(KNOWN_EXTRA));
  const object = csrObjectSchema.safeParse({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata,
    spec: {
      ...rest,
      groups: withoutMost(groups),
      ...(known.length > 0 && { extra: Object.fromEntries(known) }),
    },
    status: conditions.length === 0 ? {} : { conditions: conditions.map(shorten) },
  });
  return object.success ? object.data : undefined;
}

const isOfKubernetes = (group: string) => group.startsWith('system:');

function withoutMost(groups: readonly string[]): string[] {
  const others = groups.filter((group) => !isOfKubernetes(group)).slice(0, MOST_OTHER_GROUPS);
  const kept = new Set(others);
  return groups.filter((group) => isOfKubernetes(group) || kept.has(group));
}

type Condition = z.infer<typeof conditionSchema>;

const shorten = ({ message, ...condition }: Condition): Condition => ({
  ...condition,
  ...(message !== undefined && { message: message.slice(0, MAX_MESSAGE_LENGTH) }),
});

/** What the API server gives has further fields, which are left out. Items of a list have neither apiVersion nor kind. */
const apiObjectSchema = z.object({
  apiVersion: z.optional(z.literal(API_VERSION)),
  kind: z.optional(z.literal(KIND)),
  metadata: z.object({ name: z.string(), uid: z.string(), creationTimestamp: z.string() }),
  spec: z.object({
    request: z.string(),
    signerName: z.string(),
    usages: z.optional(z.array(z.string())),
    expirationSeconds: z.optional(z.number()),
    username: z.optional(z.string()),
    uid: z.optional(z.string()),
    groups: z.optional(z.array(z.string())),
    extra: z.optional(z.record(z.string(), z.array(z.string()))),
  }),
  status: z.optional(
    z.object({
      conditions: z.optional(
        z.array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.optional(z.string()),
            message: z.optional(z.string()),
          }),
        ),
      ),
    }),
  ),
});

/** One text for one object, whatever the order of its fields: forwarders that race upload identical bytes. */
export function formatCsrObject({ metadata, spec, status }: CsrObject): string {
  const { name, uid: id, creationTimestamp } = metadata;
  const { request, signerName, usages, expirationSeconds, username, uid: user } = spec;
  const { groups, extra } = spec;
  const conditions = status.conditions?.map(({ type, status: is, reason, message }) => ({
    type,
    status: is,
    reason,
    message,
  }));
  const text = JSON.stringify(
    {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, uid: id, creationTimestamp },
      spec: {
        request,
        signerName,
        usages,
        expirationSeconds,
        username,
        uid: user,
        groups,
        extra:
          extra && Object.fromEntries(Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1))),
      },
      status: { conditions },
    },
    null,
    2,
  );
  return `${text}\n`;
}
