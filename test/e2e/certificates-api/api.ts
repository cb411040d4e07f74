/** The certificates API as an administrator sees it. */
import { until } from '../../support/until.ts';
import { type Endpoint, KubeClient } from '../traffic/kube-client.ts';

export interface Condition {
  readonly type: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Csr {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly request: string;
    readonly signerName: string;
    readonly usages: readonly string[];
    readonly username: string;
  };
  readonly status: { readonly certificate?: string; readonly conditions?: readonly Condition[] };
}

export interface KubeEvent {
  readonly reason: string;
  readonly note?: string;
  readonly message?: string;
  readonly count?: number;
  readonly deprecatedLastTimestamp?: string;
  readonly regarding?: { readonly uid: string };
}

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const REFUSED = 'cakeless.io/refused';

export const SIGNERS = {
  client: 'kubernetes.io/kube-apiserver-client-kubelet',
  serving: 'kubernetes.io/kubelet-serving',
  user: 'kubernetes.io/kube-apiserver-client',
} as const;

export class Api {
  readonly #client: KubeClient;

  constructor(endpoint: Endpoint) {
    this.#client = new KubeClient(endpoint);
  }

  /** @throws Error with the API server's words unless the status is 2xx */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#client.ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }

  async status(method: string, path: string, body?: unknown): Promise<number> {
    return (await this.#client.ask(method, path, body)).status;
  }

  async csrs(select: Partial<Record<'signerName' | 'username', string>> = {}): Promise<Csr[]> {
    const { items } = await this.ask<{ items: Csr[] }>('GET', CSRS);
    return items
      .filter(({ spec }) => !select.signerName || spec.signerName === select.signerName)
      .filter(({ spec }) => !select.username || spec.username === select.username)
      .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
  }

  csr(name: string): Promise<Csr> {
    return this.ask('GET', `${CSRS}/${name}`);
  }

  /** Replaces the list of conditions of a CSR by an approval. */
  async approve(name: string): Promise<void> {
    const csr = await this.csr(name);
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by hand' }];
    await this.ask('PUT', `${CSRS}/${name}/approval`, { ...csr, status: { conditions } });
  }

  /** The certificate in the status. @throws Error with the status if it does not come in time */
  async issued(name: string, limitMs: number): Promise<string> {
    let last: Csr | undefined;
    try {
      return await until(
        `certificate of ${name}`,
        async () => {
          last = await this.csr(name);
          return last.status.certificate;
        },
        limitMs,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message} ${JSON.stringify(last?.status)}`);
    }
  }

  async events(uid: string): Promise<KubeEvent[]> {
    const path = '/apis/events.k8s.io/v1/namespaces/default/events';
    const { items } = await this.ask<{ items: KubeEvent[] }>('GET', path);
    return items.filter(({ regarding }) => regarding?.uid === uid);
  }

  /** What the API server refuses to an object of this user. */
  async mayNot(user: string, attributes: Record<string, string>): Promise<void> {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const spec = { user, groups: ['system:authenticated'], resourceAttributes: attributes };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const { status } = await this.ask<{ status: { allowed: boolean } }>('POST', path, review);
    if (status.allowed) throw new Error(`${user} may ${JSON.stringify(attributes)}`);
  }

  /** In parts, since a flood leaves ten thousand: the API server answers once all of a part are gone. */
  async deleteCsrs(): Promise<void> {
    for (;;) {
      const { items } = await this.ask<{ items: unknown[] }>('DELETE', `${CSRS}?limit=500`);
      if (items.length === 0) return;
    }
  }

  close(): void {
    this.#client.close();
  }
}

/** `Approved`, `Denied`, `Failed`, or `Pending` without any. */
export const conditionsOf = ({ status }: Csr): string =>
  status.conditions?.map(({ type }) => type).join() || 'Pending';

export const pemOf = (base64: string): string => Buffer.from(base64, 'base64').toString();
