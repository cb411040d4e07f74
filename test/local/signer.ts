import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Principal, RunningLocal } from '../../local/server.ts';

/** AWS's own signer, so that our implementation of Signature Version 4 is checked by another one. */
export function signerFor(
  local: Pick<RunningLocal, 'region'>,
  credentials: Pick<Principal, 'accessKeyId' | 'secretAccessKey'>,
  service = 's3',
): SignatureV4 {
  return new SignatureV4({
    credentials,
    region: local.region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
}

/** A request in the form that the signer expects. */
export function request(
  local: Pick<RunningLocal, 'url'>,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
) {
  const { hostname, port, host } = new URL(local.url);
  return {
    method,
    protocol: 'http:',
    hostname,
    port: Number(port),
    path,
    query: {},
    headers: { host, ...headers },
    body,
  };
}

/** The same for a presigned URL: S3's presigners do not sign the body. */
export function urlRequest(
  local: Pick<RunningLocal, 'url'>,
  method: string,
  path: string,
  headers: Record<string, string> = {},
) {
  return request(local, method, path, { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
}

/** Sends a signed request. */
export async function send(
  local: Pick<RunningLocal, 'url'>,
  signed: {
    method: string;
    path: string;
    query?: Record<string, string | string[] | null> | undefined;
    headers: Record<string, string>;
  },
  body?: string | Buffer,
): Promise<{ status: number; text: string; headers: Headers }> {
  const query = Object.entries(signed.query ?? {})
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
  const { host: _host, ...headers } = signed.headers;
  const response = await fetch(`${local.url}${signed.path}${query === '' ? '' : `?${query}`}`, {
    method: signed.method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

class Sha256 {
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = createHash('sha256');
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data);
}
