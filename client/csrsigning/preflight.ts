/** `cakeless csrsigning --check`: what the forwarder needs, as far as it can be seen from the node. Changes nothing. */
import { existsSync } from 'node:fs';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';
import { caFileOf, type NodeFolders } from '../node/disk/places.ts';
import { parseYaml, YamlError } from '../parse-yaml.ts';
import { readTextIfThere } from '../read-text.ts';
import { describeSameKey, findOtherSigner, HOW_TO_STOP_IT } from './other-signer.ts';
import {
  CSRSIGNING_USER,
  HOW_TO_GRANT,
  PERMISSIONS,
  type Permission,
  ROTATION_PERMISSIONS,
} from './rbac.ts';

export interface Check {
  readonly name: string;
  /** `note`: no obstacle, but something to know, or something that cannot be seen from here. */
  readonly state: 'ok' | 'wrong' | 'note';
  readonly what: string;
  /** What to do, if it is wrong. */
  readonly fix?: string;
}

export interface CheckDeps {
  readonly cluster: string;
  readonly folders: NodeFolders;
  readonly client: () => KubeClient;
  readonly exchange: () => Promise<Pick<ObjectStore, 'list'>>;
  /** The kubelet's KubeletConfiguration. */
  readonly kubeletConfig?: string;
}

export async function checkCsrSigning(deps: CheckDeps): Promise<Check[]> {
  return [
    ...(await checkCluster(deps)),
    await checkExchange(deps),
    checkOtherSigner(deps),
    checkCa(deps),
    checkServing(deps),
    ...UNSEEN,
  ];
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** One call for each permission: the first that fails says why none can be checked. */
async function checkCluster(deps: CheckDeps): Promise<Check[]> {
  try {
    const client = deps.client();
    const missing = await missingOf(client, PERMISSIONS);
    const missingLater = await missingOf(client, ROTATION_PERMISSIONS);
    return [
      { name: 'API server', state: 'ok', what: 'accepts the credentials' },
      checkPermissions('permissions', 'wrong', missing),
      checkPermissions('permissions in a rotation', 'note', missingLater),
    ];
  } catch (error) {
    return [
      {
        name: 'API server',
        state: 'wrong',
        what: messageOf(error),
        fix: fixOf(error),
      },
    ];
  }
}

async function missingOf(
  client: KubeClient,
  permissions: readonly Permission[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const review of permissions.flatMap(reviewsOf))
    if (!(await isAllowed(client, review))) missing.push(describeReview(review));
  return missing;
}

const checkPermissions = (
  name: string,
  state: 'wrong' | 'note',
  missing: readonly string[],
): Check =>
  missing.length === 0
    ? { name, state: 'ok', what: 'all that --rbac lists' }
    : { name, state, what: `missing: ${missing.join(', ')}`, fix: HOW_TO_GRANT };

function fixOf(error: unknown): string {
  if (error instanceof CommandError && error.hint !== undefined) return error.hint;
  return error instanceof KubeError && error.status === 401
    ? `renew the certificate of ${CSRSIGNING_USER}: cakeless renew cakeless-csrsigning.conf`
    : 'check the server in the kubeconfig, and whether the API server of this node runs';
}

/** ResourceAttributes of a SelfSubjectAccessReview (authorization.k8s.io/v1). */
interface Review {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly name?: string;
  readonly namespace?: string;
}

function reviewsOf({ apiGroup: group, resource: path, ...rest }: Permission): Review[] {
  const [resource = '', subresource] = path.split('/');
  const { verbs, resourceNames = [undefined], namespace } = rest;
  return verbs.flatMap((verb) =>
    resourceNames.map((name) => ({
      ...{ group, resource, verb },
      ...(subresource !== undefined && { subresource }),
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
    })),
  );
}

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

async function isAllowed(client: KubeClient, resourceAttributes: Review): Promise<boolean> {
  const review = await client.create<{ status?: { allowed?: boolean } }>(REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  });
  return review.status?.allowed === true;
}

const describeReview = ({ verb, resource, subresource, name }: Review) =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${name === undefined ? '' : ` ${name}`}`;

async function checkExchange({ cluster, exchange }: CheckDeps): Promise<Check> {
  const name = 'exchange bucket';
  const prefix = `certificates/${cluster}/csr/`;
  try {
    for await (const _ of (await exchange()).list(prefix)) break;
    return { name, state: 'ok', what: `outcomes below ${prefix} can be listed` };
  } catch (error) {
    return {
      name,
      state: 'wrong',
      what: messageOf(error),
      fix: 'check the AWS credentials of this node: only control planes, and forwarders of the deployment, may use csr/',
    };
  }
}

function checkOtherSigner({ folders }: CheckDeps): Check {
  const name = 'kube-controller-manager';
  const found = findOtherSigner(folders);
  if (found.kind === 'none') return { name, state: 'ok', what: 'signs nothing on this node' };
  if (found.kind === 'same-key')
    return { name, state: 'note', what: describeSameKey(found.keyFile) };
  return {
    name,
    state: 'wrong',
    what: `signs with ${found.keyFile}, and ${found.why}`,
    fix: HOW_TO_STOP_IT,
  };
}

function checkCa({ folders }: CheckDeps): Check {
  const [ca, kubeletCa] = [caFileOf('ca', folders), caFileOf('kubelet-ca', folders)];
  if (!existsSync(ca))
    return {
      name: 'CA files',
      state: 'wrong',
      what: `${ca} does not exist: no certificate could be checked`,
      fix: 'check --cert-dir; cakeless prepare creates the file on a new node',
    };
  const serving = existsSync(kubeletCa)
    ? `serving certificates of kubelets must chain to ${kubeletCa}`
    : `${kubeletCa} does not exist, so serving certificates of kubelets must chain to ${ca}; if the trust domain has kubelet-ca, cakeless renew all --accept-ca-change installs it`;
  return { name: 'CA files', state: existsSync(kubeletCa) ? 'ok' : 'note', what: serving };
}

/** kubeadm's `--config` of the kubelet. */
const KUBELET_CONFIG = '/var/lib/kubelet/config.yaml';

function checkServing({ kubeletConfig = KUBELET_CONFIG }: CheckDeps): Check {
  const requests = requestsServing(kubeletConfig);
  return {
    name: 'serverTLSBootstrap',
    state: 'note',
    what:
      requests === undefined
        ? `${kubeletConfig} cannot be read: it is unknown whether the kubelet requests a serving certificate`
        : requests
          ? 'the kubelet of this node requests a serving certificate: csrSigning of the cluster record needs kubeletServing'
          : `the kubelet of this node requests no serving certificate: serverTLSBootstrap in ${kubeletConfig}, and in the KubeletConfiguration of kubeadm, turns it on`,
  };
}

function requestsServing(file: string): boolean | undefined {
  try {
    const text = readTextIfThere(file);
    if (text === undefined) return undefined;
    const config = parseYaml(text) as { serverTLSBootstrap?: unknown } | null;
    return config?.serverTLSBootstrap === true;
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** A node can read neither, by design. */
const UNSEEN: readonly Check[] = [
  {
    name: 'cluster record',
    state: 'note',
    what: 'cannot be read from a node: the platform team sees with cakeless cluster show whether csrSigning allows each signer',
  },
  {
    name: 'other clusters',
    state: 'note',
    what: `${CSRSIGNING_USER} is valid in every cluster of the trust domain, and has there what that cluster grants it`,
  },
];
