/**
 * An API server in memory, as far as the forwarder uses one. As the real one (tried with 1.35.4), it checks almost nothing
 * of a certificate, refuses writes with another uid or an old resource version, and lets nothing be taken back.
 */
import { X509Certificate } from 'node:crypto';
import type { ApiCondition, ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import {
  type KubeClient,
  KubeError,
  type ListPage,
  type WatchEvent,
  type WatchOptions,
} from '../../../client/kubernetes/kube-client.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';

export type KubeCall = 'get' | 'list' | 'watch' | 'patch' | 'create';
type Point = `${'before' | 'after'} ${KubeCall}`;

interface StoredObject {
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  [field: string]: unknown;
}

export type StoredCsr = StoredObject & ApiCsr;

export const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const EVENTS = '/api/v1/namespaces/default/events';

export interface NewCsr {
  readonly name: string;
  readonly signerName: string;
  /** PEM */
  readonly request: string;
  readonly username: string;
  readonly groups?: readonly string[];
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number;
  readonly isApproved?: boolean;
}

export class ApiServer {
  readonly objects = new Map<string, StoredObject>();
  readonly calls: { call: KubeCall; path: string; body?: unknown }[] = [];
  now: () => Date = () => new Date(0);
  #version = 100;
  #uids = 0;
  readonly #watchers = new Set<(event: WatchEvent<StoredObject>) => void>();

  createCsr(csr: NewCsr): StoredCsr {
    const { name, isApproved = false, groups = [], usages = [], request, ...spec } = csr;
    const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message: '' };
    return this.#store(`${CSRS}/${name}`, 'ADDED', {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: this.#newMetadata(name),
      spec: {
        ...spec,
        groups: [...groups, 'system:authenticated'],
        usages: [...usages],
        request: Buffer.from(request).toString('base64'),
      },
      status: isApproved ? { conditions: [approved] } : {},
    }) as StoredCsr;
  }

  addNode(name: string, options: { addresses?: string[]; isControlPlane?: boolean } = {}): void {
    const { addresses = ['10.20.0.21'], isControlPlane = false } = options;
    this.#store(`/api/v1/nodes/${name}`, undefined, {
      metadata: {
        ...this.#newMetadata(name),
        labels: isControlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {},
      },
      status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
    });
  }

  /** Any other object, such as a ConfigMap, at its path. */
  add(path: string, object: Record<string, unknown> = {}): void {
    const { metadata = {}, ...rest } = object;
    const [, namespace] = /\/namespaces\/([^/]+)\/./.exec(path) ?? [];
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.#store(path, undefined, {
      ...rest,
      metadata: {
        ...this.#newMetadata(name),
        ...(namespace !== undefined && { namespace }),
        ...(metadata as object),
      },
    });
  }

  csr(name: string): StoredCsr | undefined {
    return this.objects.get(`${CSRS}/${name}`) as StoredCsr | undefined;
  }

  /** The certificate in a CSR's status, as text. */
  certificate(name: string): string | undefined {
    const base64 = this.csr(name)?.status?.certificate;
    return base64 && Buffer.from(base64, 'base64').toString('utf8');
  }

  condition(name: string, type: string): ApiCondition | undefined {
    return this.csr(name)?.status?.conditions?.find((one) => one.type === type);
  }

  events(): { reason: string; message: string; count: number; involvedObject: { name: string } }[] {
    const found = [...this.objects].filter(([path]) => path.startsWith(EVENTS));
    return found.map(([, event]) => event as never);
  }

  /** As an approver does, outside the forwarder. */
  addCondition(name: string, type: string): void {
    const csr = this.csr(name);
    if (!csr) throw new Error(`no CSR ${name}`);
    const conditions = [...(csr.status?.conditions ?? []), { type, status: 'True' }];
    this.#store(`${CSRS}/${name}`, 'MODIFIED', { ...csr, status: { ...csr.status, conditions } });
  }

  remove(name: string): void {
    const path = `${CSRS}/${name}`;
    const object = this.objects.get(path);
    this.objects.delete(path);
    if (object) this.#tell({ type: 'DELETED', object });
  }

  /** @param interrupt called before and after each call takes effect; it may throw, to play a fault or a kill */
  client(interrupt: (point: Point, path: string) => void = () => undefined): KubeClient {
    const around = async <T>(call: KubeCall, path: string, action: () => T, body?: unknown) => {
      await Promise.resolve();
      interrupt(`before ${call}`, path);
      this.calls.push({ call, path, ...(body !== undefined && { body }) });
      const result = action();
      interrupt(`after ${call}`, path);
      return result;
    };
    const server = this;
    return {
      get: <T>(path: string) =>
        around('get', path, () => structuredClone(this.objects.get(path)) as T | undefined),
      create: <T>(path: string, body: unknown) =>
        around('create', path, () => this.#create(path, body) as T, body),
      patch: <T>(path: string, body: unknown) =>
        around('patch', path, () => this.#patch(path, body as Patch) as T, body),
      async *list<T>(path: string, query?: Query): AsyncGenerator<ListPage<T>> {
        const { items, resourceVersion } = await around('list', path, () =>
          server.#list<T>(path, query),
        );
        for (let i = 0; i === 0 || i < items.length; i += PAGE)
          yield { items: items.slice(i, i + PAGE), resourceVersion };
      },
      async *watch<T>(path: string, { signal }: WatchOptions): AsyncGenerator<WatchEvent<T>> {
        await around('watch', path, () => undefined);
        yield* server.#watch<T>(signal);
      },
    };
  }

  #list<T>(path: string, { fieldSelector = '' }: Query = {}): ListPage<T> {
    const [field = '', value = ''] = fieldSelector.split('=');
    const items = [...this.objects]
      .filter(([key, object]) => isIn(key, path) && fieldOf(object, field) === value)
      .map(([, object]) => structuredClone(object) as T);
    return { items, resourceVersion: String(this.#version) };
  }

  async *#watch<T>(signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const events: WatchEvent<StoredObject>[] = [];
    let wake = () => {};
    const watcher = (event: WatchEvent<StoredObject>) => {
      events.push(event);
      wake();
    };
    this.#watchers.add(watcher);
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const event = events.shift();
        if (event) yield structuredClone(event) as WatchEvent<T>;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #create(path: string, body: unknown): StoredObject {
    const object = body as StoredObject;
    const key = `${path}/${object.metadata.name}`;
    if (this.objects.has(key)) throw refused(409, 'AlreadyExists');
    const metadata = { ...object.metadata, ...this.#newMetadata(object.metadata.name) };
    return this.#store(key, undefined, { ...object, metadata });
  }

  #patch(fullPath: string, patch: Patch): StoredObject {
    const [, path = fullPath, subresource] = /^(.*)\/(status|approval)$/.exec(fullPath) ?? [];
    const object = this.objects.get(path);
    if (!object) throw refused(404, 'NotFound');
    const { uid, resourceVersion } = patch.metadata ?? {};
    if (uid !== undefined && uid !== object.metadata.uid) throw refused(422, 'Invalid');
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
      throw refused(409, 'Conflict');
    const patched = mergePatch(object, patch) as StoredObject;
    if (path.startsWith(CSRS)) requireAllowed(object, patched, subresource);
    if (JSON.stringify(patched) === JSON.stringify(object)) return object;
    return this.#store(path, 'MODIFIED', patched);
  }

  #newMetadata(name: string) {
    this.#uids += 1;
    const uid = `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`;
    const creationTimestamp = this.now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    return { name, uid, creationTimestamp, resourceVersion: '' };
  }

  #store(path: string, type: 'ADDED' | 'MODIFIED' | undefined, object: StoredObject) {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const stored = { ...object, metadata };
    this.objects.set(path, stored);
    if (type && path.startsWith(CSRS)) this.#tell({ type, object: stored });
    return structuredClone(stored);
  }

  #tell(event: WatchEvent<StoredObject>): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}

type Query = Readonly<Record<string, string>>;

const PAGE = 500;

/** In a folder, or of all namespaces. */
function isIn(key: string, path: string): boolean {
  const cut = path.lastIndexOf('/');
  const rest = key.startsWith(`${path}/`) ? key.slice(path.length + 1) : undefined;
  if (rest !== undefined) return !rest.includes('/');
  const inNamespace = /^\/namespaces\/[^/]+(\/[^/]+)\/[^/]+$/.exec(
    key.startsWith(path.slice(0, cut)) ? key.slice(cut) : '',
  );
  return inNamespace?.[1] === path.slice(cut);
}

/** Of a field such as `metadata.name`. */
const fieldOf = (object: StoredObject, field: string): unknown =>
  field === ''
    ? ''
    : field.split('.').reduce<unknown>((value, name) => Object(value)[name], object);

interface Patch {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string };
}

const refused = (status: number, reason: string) =>
  new KubeError(status, reason, `the API server refused it: ${reason}`);

/** RFC 7386 */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const base =
    target !== null && typeof target === 'object' && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** pkg/apis/certificates/validation and strategy.go, as far as the forwarder could violate them. */
function requireAllowed(before: ApiCsr, after: ApiCsr, subresource: string | undefined): void {
  if (JSON.stringify(before.spec) !== JSON.stringify(after.spec)) throw refused(422, 'Invalid');
  if (subresource === undefined) throw refused(403, 'Forbidden');
  requireCertificate(before.status?.certificate, after.status?.certificate, subresource);
  for (const type of ['Approved', 'Denied', 'Failed'])
    if (!mayChange(type, has(before, type), has(after, type), subresource))
      throw refused(422, 'Invalid');
  if (has(after, 'Approved') && has(after, 'Denied')) throw refused(422, 'Invalid');
}

const has = ({ status }: ApiCsr, type: string): boolean =>
  status?.conditions?.some((one) => one.type === type) ?? false;

/** None can be removed; Failed is added through `/status`, the others through `/approval`. */
const mayChange = (type: string, was: boolean, is: boolean, subresource: string): boolean =>
  was === is || (is && subresource === (type === 'Failed' ? 'status' : 'approval'));

function requireCertificate(
  before: string | undefined,
  after: string | undefined,
  subresource: string,
): void {
  if (before === after) return;
  if (before || !after || subresource !== 'status') throw refused(422, 'Invalid');
  requirePem(Buffer.from(after, 'base64').toString('latin1'));
}

function requirePem(text: string): void {
  const blocks = certificatesIn(text);
  if (blocks.length === 0 || /PRIVATE KEY/.test(text)) throw refused(422, 'Invalid');
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw refused(422, 'Invalid');
  }
}
