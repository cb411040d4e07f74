/**
 * Reads and writes CSRs in the API server. Every write carries the uid of the CSR that was judged: the API server refuses
 * the write (422) if another CSR has its name by now. Nothing that is written here can be taken back.
 */
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';
import type { ApiCondition, ApiCsr, CsrFacts } from './csr-facts.ts';

export const CSRS_PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** Why a CSR has no certificate, in the service's words. */
export const REFUSED_ANNOTATION = 'cakeless.io/refused';

/** `changed`: nothing was written, because the CSR has changed, or was deleted. */
export type Written = 'written' | 'changed';

type Named = Pick<CsrFacts, 'name' | 'uid'>;

const pathOf = ({ name }: Named, subresource = ''): string =>
  `${CSRS_PATH}/${encodeURIComponent(name)}${subresource}`;

export class CsrStatus {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** @returns undefined if it was deleted, or another CSR has its name */
  async read(csr: Named): Promise<ApiCsr | undefined> {
    const found = await this.#client.get<ApiCsr>(pathOf(csr));
    return found?.metadata?.uid === csr.uid ? found : undefined;
  }

  /**
   * Adds `Approved`. A merge patch replaces the whole list of conditions, so the write also carries the resource version.
   */
  approve(csr: Named, current: ApiCsr, reason: string, message: string): Promise<Written> {
    const approved = { type: 'Approved', status: 'True', reason, message };
    return this.#patch(csr, '/approval', withCondition(current, approved));
  }

  /** For people's CSRs only: a kubelet would ask again each 32 seconds. */
  fail(csr: Named, current: ApiCsr, reason: string, message: string): Promise<Written> {
    const failed = { type: 'Failed', status: 'True', reason, message };
    return this.#patch(csr, '/status', withCondition(current, failed));
  }

  /** @param pem all of it was checked */
  issue(csr: Named, current: ApiCsr, pem: string): Promise<Written> {
    const wasRefused = current.metadata?.annotations?.[REFUSED_ANNOTATION] !== undefined;
    return this.#patch(csr, '/status', {
      ...(wasRefused && { metadata: { annotations: { [REFUSED_ANNOTATION]: null } } }),
      status: { certificate: Buffer.from(pem, 'latin1').toString('base64') },
    });
  }

  /** Through `/status`, which needs no right to change the CSR itself. */
  async annotate(csr: Named, current: ApiCsr, text: string): Promise<Written> {
    if (current.metadata?.annotations?.[REFUSED_ANNOTATION] === text) return 'written';
    return this.#patch(csr, '/status', {
      metadata: { annotations: { [REFUSED_ANNOTATION]: text } },
    });
  }

  async #patch(
    csr: Named,
    subresource: string,
    { metadata, ...body }: { readonly metadata?: object; readonly status?: object },
  ): Promise<Written> {
    try {
      const patch = { ...body, metadata: { ...metadata, uid: csr.uid } };
      await this.#client.patch(pathOf(csr, subresource), patch);
      return 'written';
    } catch (error) {
      // 404: deleted; 409: changed since it was read; 422: another uid, or already issued
      if (error instanceof KubeError && [404, 409, 422].includes(error.status)) return 'changed';
      throw error;
    }
  }
}

function withCondition({ metadata, status }: ApiCsr, condition: ApiCondition) {
  const { resourceVersion } = metadata ?? {};
  const conditions = [...(status?.conditions ?? []), condition];
  return { metadata: { resourceVersion }, status: { conditions } };
}
