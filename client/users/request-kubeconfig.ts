/** A kubeconfig for a user: creates the key, requests its certificate, and puts both into a kubeconfig. */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { requestKey } from '../../lib/contract/request-key.ts';
import { USER_PATH, USERS, VALIDITY_METADATA } from '../../lib/contract/request-kinds.ts';
import { removeFolder } from '../../lib/files/durable-file.ts';
import { readFile } from '../../lib/files/read-file.ts';
import { LIMITS } from '../../lib/limits.ts';
import type { Clock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { kubeconfigText } from '../node/disk/kubeconfig-text.ts';
import { type Exchange, upload } from '../node/exchange/exchange.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { fetchCertificates } from '../node/fetch/fetch.ts';
import type { Received } from '../node/fetch/receive.ts';
import { findTrusted, type KubeconfigPins } from '../node/trust/trusted-ca.ts';
import type { Terminal } from '../terminal.ts';
import { prepareKey, type UserKeyOptions } from './user-key.ts';

export interface UserOptions extends UserKeyOptions, KubeconfigPins {
  readonly cluster: string;
  readonly server: string;
  /** As written, such as `8h`; if undefined, requests the longest validity that the cluster's rule allows. */
  readonly validityPeriod?: string;
  /** Seconds; if undefined, waits briefly for an outcome, but not for an approver. */
  readonly wait?: number;
  /** The folder below which keys are kept until their certificates have arrived. */
  readonly stateDir?: string;
}

export interface UserRequest {
  readonly request: string;
  /** undefined if the service wrote no outcome. */
  readonly result: Received | undefined;
  /** Present once the certificate has been issued and checked. */
  readonly kubeconfig: string | undefined;
  /** Deletes key and certificate. The key exists only once: call it when the kubeconfig has been delivered. */
  forget(): Promise<void>;
}

/** @throws CommandError if the request cannot be created or resumed, or the certificate is not trusted */
export async function requestKubeconfig(
  exchangeBucket: { exchange(): Promise<Exchange> },
  terminal: Terminal,
  options: UserOptions,
  clock: Clock,
): Promise<UserRequest> {
  const { cluster, clientName, server, wait, request = newRequestId(clock.now()) } = options;
  const folder = join(options.stateDir ?? defaultStateDir(), cluster, request);
  const findAuthority = findTrusted(options); // checks the pins before anything is uploaded
  const { privateKey, csr } = await prepareKey(folder, options);
  const exchange = await exchangeBucket.exchange();
  await uploadCsr(exchange, request, csr, options);
  terminal.progress(`request ${request} of ${clientName} in ${cluster}`);
  const place = { cluster, node: USERS, request, out: folder, ...(wait !== undefined && { wait }) };
  const opened = { exchange: async () => exchange };
  const [result] = await fetchCertificates(opened, terminal, place, clock);
  const forget = async () => removeFolder(folder);
  if (result?.outcome !== 'issued' || result.file === undefined)
    return { request, result, kubeconfig: undefined, forget };
  const certificate = readFile(result.file).bytes.toString('utf8');
  const kubeconfig = kubeconfigText({
    clusterName: cluster,
    server,
    userName: clientName,
    certificateAuthority: await findAuthority(exchange, request, certificate, terminal),
    certificate,
    privateKey,
  });
  return { request, result, kubeconfig, forget };
}

async function uploadCsr(
  exchange: Exchange,
  request: string,
  csr: string,
  { cluster, validityPeriod }: UserOptions,
): Promise<void> {
  const key = requestKey({ cluster, node: USERS, requestId: request, path: USER_PATH });
  const metadata = validityPeriod === undefined ? {} : { [VALIDITY_METADATA]: validityPeriod };
  if (!(await upload(exchange, key, csr, metadata)))
    await checkPeriod(exchange, key, validityPeriod);
}

/** A request never changes: resuming it with another validity would return a certificate with the first one. */
async function checkPeriod(exchange: Exchange, key: string, period: string | undefined) {
  const requested = (await exchange.get(key, LIMITS.maxObjectBytes))?.metadata[VALIDITY_METADATA];
  if (requested === period) return;
  throw new CommandError(
    'usage',
    `${key}: this request asked for ${requested ?? "the longest validity of the cluster's rule"}`,
    'give the same --validity-period, or omit --request to create a new request',
  );
}

/** Looked up only without `--state-dir`, so that a host without a home folder can still use that option. */
function defaultStateDir(): string {
  const state = process.env.XDG_STATE_HOME || join(homeFolder(), '.local', 'state');
  return join(state, 'cakeless', 'users');
}

/** @throws CommandError if there is neither HOME nor a line in /etc/passwd */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    throw new CommandError(
      'usage',
      'there is no home directory in which to keep the private key until its certificate arrives',
      'name a folder with --state-dir',
    );
  }
}
