/** Issues certificates as the sign function does, and nothing else: without Lambda, S3 and KMS. */
import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { processRequest } from '../lib/issuance/process-request.ts';
import type { Service } from '../lib/service.ts';
import type { CaKeySpec } from '../lib/signing/signing-algorithm.ts';
import type { SigningKeys } from '../lib/signing/signing-keys.ts';
import { CLUSTER, InMemoryService, START, UPLOADER } from '../test/support/in-memory-service.ts';
import { listKubeadmSets } from '../test/support/kubeadm-sets.ts';
import { BenchBucket } from './buckets.ts';
import { withNewKeys } from './csrs.ts';

/** kubeadm's CSR for the API server, which has the most names. */
export interface BenchCase {
  readonly key: string;
  readonly version: string;
  readonly config: string;
  readonly caKeySpec: CaKeySpec;
}

export const P256: BenchCase = {
  key: 'P-256',
  version: '1.37.2',
  config: 'v4-p256',
  caKeySpec: 'ECC_NIST_P256',
};

export interface Issuing {
  /** PEM; used in turn. */
  readonly csrs: readonly string[];
  readonly caCertificate: string;
  readonly caKey: KeyObject;
  /** Everything from the bytes of an uploaded object to the published PEM. */
  issue(): Promise<void>;
}

/** More keys than the service remembers. */
const CSRS = 72;

export async function openIssuing({ version, config, caKeySpec }: BenchCase): Promise<Issuing> {
  const memory = await InMemoryService.open(caKeySpec);
  const set = listKubeadmSets().find((s) => s.version === version && s.config === config);
  const csr = set?.csrs.find(({ certificateName }) => certificateName === 'apiserver');
  if (!set || !csr) throw new Error(`no fixture ${version} ${config}`);
  const { node } = memory.declare(set);
  const csrs = await withNewKeys(readFileSync(csr.file), CSRS);
  const exchange = new BenchBucket(() => START);
  const authority = new BenchBucket(() => START);
  for (const [key, object] of memory.authority.objects) authority.seed(key, object.body);
  const [{ keyId = '' } = {}] = memory.document.cas.ca.versions;
  const caKey = memory.keys.privateKeyOf(keyId);
  const keys = new OpenSslKeys(caKey, authority);
  const service: Service = { ...memory.service, exchange, authority, keys, randomBytes };
  let count = 0;
  return {
    csrs,
    caCertificate: memory.caCertificate('ca'),
    caKey,
    async issue() {
      count += 1;
      const key = `requests/${CLUSTER}/${node}/r${count}/pki/apiserver.csr`;
      exchange.seedOnce(key, Buffer.from(csrs[count % csrs.length] ?? ''));
      const done = await processRequest(service, { key, uploader: UPLOADER });
      if (done.outcome !== 'issued') throw new Error(`${key} was ${done.outcome}`);
      exchange.forget();
      authority.forget();
    },
  };
}

/**
 * The CA's signature by OpenSSL. node:crypto cannot sign a digest, so it signs the draft that the record contains, which
 * must have been written.
 */
class OpenSslKeys implements SigningKeys {
  readonly #key: KeyObject;
  readonly #authority: BenchBucket;

  constructor(key: KeyObject, authority: BenchBucket) {
    this.#key = key;
    this.#authority = authority;
  }

  async sign(...[, { hash }, , recordKey]: Parameters<SigningKeys['sign']>): Promise<Uint8Array> {
    return sign(hash, this.#draftIn(recordKey), this.#key);
  }

  #draftIn(recordKey: string): Buffer {
    const text = this.#authority.textOf(recordKey);
    const start = text.lastIndexOf(TBS) + TBS.length;
    return Buffer.from(text.slice(start, text.indexOf('"', start)), 'base64');
  }
}

const TBS = '"tbs": "';
