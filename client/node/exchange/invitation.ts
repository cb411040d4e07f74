/**
 * An invitation: presigned URLs for one request of one node, so that the node needs HTTPS and nothing else. The URLs
 * bind cluster, node, request id and paths; the service refuses another node's CSR under them.
 */
import { createHash, X509Certificate } from 'node:crypto';
import * as z from 'zod/mini';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { outcomeKeys, parseRequestKey, requestKey } from '../../../lib/contract/request-key.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { Fault } from '../../../lib/fault.ts';
import { isSubdomain } from '../../../lib/names.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import type { ListedObject, StoredObject } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import type { Exchange } from './exchange.ts';
import type { RequestPlace } from './outcomes.ts';
import { readOwnJson } from './own-json.ts';

const subdomain = z.string().check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain'));
const url = z
  .string()
  .check(z.refine(isSafeUrl, 'must be an https:// URL (http:// on loopback only)'));
const bundle = z.strictObject({
  get: url,
  /** SHA-256 of each CA certificate (DER, hex) as the operator saw it: no other is believed. */
  sha256: z.array(z.string()).check(z.minLength(1)),
});

export const invitationSchema = z.strictObject({
  cakelessInvitation: z.literal(1),
  cluster: subdomain,
  node: subdomain,
  request: subdomain,
  trustDomain: subdomain,
  expiresAt: z.string(),
  trust: z.strictObject({ ca: bundle, 'etcd-ca': bundle, 'front-proxy-ca': bundle }),
  requests: z.array(
    z.strictObject({
      path: z
        .string()
        .check(
          z.refine((path) => certificateNameOf(path) !== undefined, "must be a path of kubeadm's"),
        ),
      put: url,
      get: url,
      certificate: url,
      rejected: url,
      pending: url,
    }),
  ),
});

export type Invitation = z.infer<typeof invitationSchema>;

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}

/** @throws CommandError if it is none, or has expired */
export function readInvitation(file: string, now: Date): Invitation {
  const result = invitationSchema.safeParse(readOwnJson(file));
  if (!result.success)
    throw new CommandError(
      'usage',
      `${file}: is no invitation: ${result.error.issues.slice(0, 3).map(describeIssue).join('; ')}`,
    );
  const { expiresAt } = result.data;
  if (!(new Date(expiresAt) > now))
    throw new CommandError(
      'denied',
      `${file}: the invitation expired at ${expiresAt}`,
      'ask the operators for a new one (cakeless invite)',
    );
  return result.data;
}

export const placeOfInvitation = ({ cluster, node, request }: Invitation): RequestPlace => ({
  cluster,
  node,
  request,
});

/** The exchange bucket as far as an invitation reaches. */
export class InvitedExchange implements Exchange {
  readonly #gets = new Map<string, string>();
  readonly #puts = new Map<string, string>();
  readonly #pins = new Map<string, readonly string[]>();

  constructor({ cluster, node, request, trustDomain, trust, requests }: Invitation) {
    for (const { path, put, get, certificate, rejected, pending } of requests) {
      const address = parseRequestKey(requestKey({ cluster, node, requestId: request, path }));
      if (!address) throw new Error(`${path}: is no path of a request`); // the schema has seen it
      const keys = outcomeKeys(address);
      this.#puts.set(address.key, put);
      for (const [key, url] of [
        [address.key, get],
        [keys.certificate, certificate],
        [keys.rejected, rejected],
        [keys.pending, pending],
      ] as const)
        this.#gets.set(key, url);
    }
    for (const ca of CA_NAMES) {
      this.#gets.set(bundleKey(trustDomain, ca), trust[ca].get);
      this.#pins.set(bundleKey(trustDomain, ca), trust[ca].sha256);
    }
  }

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    const url = this.#gets.get(key);
    if (url === undefined) return undefined;
    const answer = await call(key, url, { method: 'GET' });
    if (answer.status === 404) return drop(answer);
    if (!answer.ok) throw await refusal(key, answer);
    const body = await readAtMost(answer, maxBytes);
    if (body) this.#checkPins(key, body);
    return {
      body: body ?? new Uint8Array(),
      size: body?.length ?? Number(answer.headers.get('content-length') ?? maxBytes + 1),
      tooLarge: body === undefined,
      eTag: answer.headers.get('etag')?.replaceAll('"', ''),
      versionId: undefined,
      metadata: metadataOf(answer.headers),
    };
  }

  async create(key: string, body: Uint8Array | string): Promise<'created' | 'exists'> {
    const url = this.#puts.get(key);
    if (url === undefined)
      throw new CommandError(
        'usage',
        `${key}: the invitation is not for this`,
        'ask for an invitation that names it (cakeless invite --name)',
      );
    const headers = { 'if-none-match': '*' };
    const answer = await call(key, url, { method: 'PUT', headers, body: Buffer.from(body) });
    if (answer.status === 412) {
      await drop(answer);
      return 'exists';
    }
    if (!answer.ok) throw await refusal(key, answer);
    await drop(answer);
    return 'created';
  }

  /** URLs can't list: what is under the prefix is asked for one by one. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const keys = [...this.#gets.keys()].filter((key) => key.startsWith(prefix)).sort();
    const found = await Promise.all(keys.map((key) => this.get(key, MAX_LISTED_BYTES)));
    for (const [i, key] of keys.entries()) if (found[i]) yield { key, lastModified: new Date(0) };
  }

  #checkPins(key: string, body: Uint8Array): void {
    const pins = this.#pins.get(key);
    if (!pins) return;
    const got = certificateHashes(Buffer.from(body).toString('latin1'));
    const strange = got.filter((hash) => !pins.includes(hash));
    if (got.length > 0 && strange.length === 0) return;
    throw new CommandError(
      'check-failed',
      `${key}: holds a CA certificate that the invitation does not name (${strange.join(', ') || 'none at all'})`,
      'was the CA replaced since? Ask the operators for a new invitation',
    );
  }
}

const MAX_LISTED_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

/** SHA-256 of each certificate's DER, in hex. */
export function certificateHashes(pem: string): string[] {
  return certificatesIn(pem).map((block) =>
    createHash('sha256').update(new X509Certificate(block).raw).digest('hex'),
  );
}

/** No redirects: a URL is good for the host that it names. */
async function call(key: string, url: string, init: RequestInit): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await fetch(url, { ...init, redirect: 'error', signal });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const why = cause instanceof Error ? cause.message : String(error);
    throw new Fault('unavailable', `${new URL(url).host}: ${why} (${key})`, error);
  }
}

async function refusal(key: string, answer: Response): Promise<Fault> {
  const text = Buffer.from((await readAtMost(answer, MAX_LISTED_BYTES)) ?? '').toString('utf8');
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? `status ${answer.status}`;
  const denied = answer.status === 403 || answer.status === 401;
  return new Fault(denied ? 'not-allowed' : 'unavailable', `${key}: ${message}`);
}

async function drop(answer: Response): Promise<undefined> {
  await answer.body?.cancel();
}

/** undefined if there is more. */
async function readAtMost(answer: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > maxBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function metadataOf(headers: Headers): Record<string, string> {
  const prefix = 'x-amz-meta-';
  return Object.fromEntries(
    [...headers]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}
