/** The part of the exchange bucket to which the URLs of an invitation give access. */

import { outcomeKeys, parseRequestKey, requestKey } from '../../../lib/contract/request-key.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { Fault } from '../../../lib/fault.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import type { StoredObject } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import type { Exchange, FoundObject } from './exchange.ts';
import { certificateHashes, type Invitation } from './invitation.ts';

const MAX_LISTED_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

export class InvitedExchange implements Exchange {
  readonly #gets = new Map<string, string>();
  readonly #puts = new Map<string, string>();
  /** Hashes of the CA certificates that may be in a trust bundle, by its key. */
  readonly #caHashes = new Map<string, readonly string[]>();

  constructor({ cluster, node, request, trustDomain, trust, requests }: Invitation) {
    for (const { path, put, get, certificate, rejected, pending } of requests) {
      const address = parseRequestKey(requestKey({ cluster, node, requestId: request, path }));
      if (!address) throw new Error(`${path}: not the path of a request`); // the schema checked it
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
      const bundle = trust[ca];
      if (!bundle) continue;
      this.#gets.set(bundleKey(trustDomain, ca), bundle.get);
      this.#caHashes.set(bundleKey(trustDomain, ca), bundle.sha256);
    }
  }

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    const url = this.#gets.get(key);
    if (url === undefined) return undefined;
    const response = await call(key, url, { method: 'GET' });
    if (response.status === 404) return drop(response);
    if (!response.ok) throw await errorOf(key, response);
    const body = await readAtMost(response, maxBytes);
    if (body) this.#checkBundle(key, body);
    return {
      body: body ?? new Uint8Array(),
      size: body?.length ?? Number(response.headers.get('content-length') ?? maxBytes + 1),
      tooLarge: body === undefined,
      eTag: response.headers.get('etag')?.replaceAll('"', ''),
      versionId: undefined,
      metadata: metadataOf(response.headers),
    };
  }

  async create(key: string, body: Uint8Array | string): Promise<'created' | 'exists'> {
    const url = this.#puts.get(key);
    if (url === undefined)
      throw new CommandError(
        'usage',
        `${key}: not covered by the invitation`,
        'ask for an invitation that includes it (cakeless invite --name)',
      );
    const headers = { 'if-none-match': '*' };
    const response = await call(key, url, { method: 'PUT', headers, body: Buffer.from(body) });
    if (response.status === 412) {
      await drop(response);
      return 'exists';
    }
    if (!response.ok) throw await errorOf(key, response);
    await drop(response);
    return 'created';
  }

  /** Presigned URLs cannot list, so each known key under the prefix is requested. */
  async *list(prefix: string): AsyncGenerator<FoundObject> {
    const keys = [...this.#gets.keys()].filter((key) => key.startsWith(prefix)).sort();
    const found = await Promise.all(keys.map((key) => this.get(key, MAX_LISTED_BYTES)));
    for (const [i, key] of keys.entries()) if (found[i]) yield { key, lastModified: new Date(0) };
  }

  #checkBundle(key: string, body: Uint8Array): void {
    const allowed = this.#caHashes.get(key);
    if (!allowed) return;
    const got = certificateHashes(Buffer.from(body).toString('latin1'));
    const unknown = got.filter((hash) => !allowed.includes(hash));
    if (got.length > 0 && unknown.length === 0) return;
    throw new CommandError(
      'check-failed',
      got.length === 0
        ? `${key}: contains no CA certificate`
        : `${key}: contains a CA certificate that the invitation does not list (${unknown.join(', ')})`,
      'if the CA was replaced after the invitation was created, ask the operators for a new one',
    );
  }
}

/** No redirects: a URL is valid only for the host that it names. */
async function call(key: string, url: string, init: RequestInit): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return await fetch(url, { ...init, redirect: 'error', signal });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const reason = cause instanceof Error ? cause.message : String(error);
    throw new Fault('unavailable', `${new URL(url).host}: ${reason} (${key})`, error);
  }
}

async function errorOf(key: string, response: Response): Promise<Error> {
  const text = Buffer.from((await readAtMost(response, MAX_LISTED_BYTES)) ?? '').toString('utf8');
  const [, found] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  const message = `${key}: ${found === undefined ? `status ${response.status}` : unescapeXml(found)}`;
  if (response.status !== 403 && response.status !== 401) return new Fault('unavailable', message);
  // this machine has no credentials that could be wrong: they are those of the person who signed the URLs
  return new CommandError(
    'denied',
    message,
    'ask for a new invitation, from someone whose credentials may upload for this node and are valid long enough',
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** The entities of XML 1.0, section 4.6, and character references, section 4.1. */
function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,4})|#([0-9]{1,4})|([a-z]+));/gi, (all, hex, dec, name) =>
    name === undefined
      ? String.fromCharCode(hex === undefined ? Number(dec) : Number.parseInt(hex, 16))
      : (ENTITIES[name] ?? all),
  );
}

/** Releases the connection of a response whose body is not needed. */
async function drop(response: Response): Promise<undefined> {
  await response.body?.cancel();
}

/** undefined if the body is larger. */
async function readAtMost(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
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
