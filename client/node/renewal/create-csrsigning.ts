/**
 * The first cakeless-csrsigning.conf of a control plane that was prepared without it. It is requested, checked and
 * installed as its successors are, so that a run can be interrupted, continued and rolled back. Its server is that of
 * controller-manager.conf: the node's own API server.
 */
import { CSRSIGNING_CONF } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import type { DesiredCsr } from '../csr/desired.ts';
import { stage } from '../csr/staging.ts';
import { changeFile, currentContent } from '../disk/file-change.ts';
import { kubeconfigText } from '../disk/kubeconfig-text.ts';
import { caFileOf, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { kindOfKey } from '../disk/private-key.ts';
import { type CertificateInPlace, readPlace } from '../disk/read-place.ts';
import { newRequestId } from '../exchange/request-id.ts';
import { submit } from '../exchange/submit.ts';
import { prepareInstallation } from '../install/installation.ts';
import { withRunLock } from '../state/run-lock.ts';
import { caHashesOf } from '../trust/ca-cert-hash.ts';
import { decideCaChange } from '../trust/ca-change.ts';
import { checkOutcome } from './check-outcome.ts';
import { completeInstallation } from './complete-installation.ts';
import { CREATED, hasCsrsigning, isCreation } from './creation.ts';
import type { RenewalDeps } from './options.ts';
import { separateByNode } from './other-nodes-requests.ts';
import { awaitOutcomes, type RenewalOutcome, trustDomainsOf } from './outcomes.ts';
import { readPublished } from './published-bundles.ts';
import { recoverFirst, tidy } from './recover.ts';
import {
  type CertificateReport,
  reportFailed,
  reportIdTaken,
  reportRenewed,
  reportUnissued,
} from './report.ts';
import { uploadOrClose } from './request-id-taken.ts';
import { closeAll, listRequests, type OpenRequest, openRequest } from './request-journal.ts';

export interface CreationOptions {
  readonly cluster: string;
  readonly node: string;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
}

/** @returns undefined if the kubeconfig exists, whatever it contains: `renew` and `check-expiration` look after it */
export async function createCsrsigning(
  deps: RenewalDeps,
  options: CreationOptions,
): Promise<CertificateReport | undefined> {
  return withRunLock(deps.folders, async () => {
    await recoverFirst(deps);
    return hasCsrsigning(deps.folders) ? undefined : create(deps, options);
  });
}

async function create(deps: RenewalDeps, options: CreationOptions): Promise<CertificateReport> {
  const { folders, terminal } = deps;
  const model = readModel(folders);
  const request = await findOrOpen(deps, options);
  const exchange = await deps.exchange();
  await stage(request.folder, [desired(model)]);
  let afterUpload = false;
  const { remaining, closed } = await uploadOrClose(request, async () => {
    const { requests } = await submit(exchange, terminal, request.folder, request, {
      reportsOnlyNew: true,
    });
    afterUpload = requests.some(({ uploaded }) => uploaded);
  });
  const [taken] = closed;
  if (taken) return reportIdTaken(taken);
  const [outcome] = await awaitOutcomes(deps, exchange, [remaining], {
    seconds: options.waitSeconds,
    forApprovals: options.waitForApprovals,
    afterUpload,
  });
  if (!outcome) throw new Error(`${CSRSIGNING_CONF}: no outcome of an open request`);
  if (outcome.state === 'rejected') await closeAll(deps.stateDir, CREATED);
  if (outcome.state !== 'issued') return reportUnissued(outcome);
  const domains = trustDomainsOf([outcome]);
  const published = await readPublished(exchange, domains, undefined, folders, KEEP_CAS);
  const now = deps.clock.now();
  const decision = decideCaChange(folders, published, KEEP_CAS, now);
  const place = readPlace(placeOf(CSRSIGNING_CONF, folders));
  const checked = checkOutcome(outcome, decision, now, place);
  if (checked.isSpent) await closeAll(deps.stateDir, CREATED);
  if (checked.problems.length > 0) return reportFailed(checked, decision);
  await install(deps, model, outcome);
  return reportRenewed(deps, CSRSIGNING_CONF);
}

/** The certificate must be signed by a CA that the node trusts already. */
const KEEP_CAS = {
  accept: false,
  hashes: caHashesOf([]),
};

interface Model {
  readonly server: string;
  readonly clusterName: string;
  readonly caPem: string;
  readonly keyKind: DesiredCsr['keyKind'];
}

/** @throws CommandError if this is not a control plane that kubeadm set up */
function readModel(folders: NodeFolders): Model {
  const place = readPlace(placeOf('controller-manager.conf', folders));
  const caFile = caFileOf('ca', folders);
  const caPem = currentContent(caFile, false);
  const server = serverOf(place.state === 'present' ? place : undefined);
  if (place.state === 'present' && server !== undefined && caPem !== undefined)
    return {
      server,
      clusterName: place.kubeconfig?.clusterName ?? 'kubernetes',
      caPem,
      keyKind: kindOfKey(place.leaf.publicKey) ?? 'RSA-2048',
    };
  const missing =
    caPem === undefined ? caFile : fileOf(placeOf('controller-manager.conf', folders));
  throw new CommandError(
    'usage',
    `${missing}: needed for ${CSRSIGNING_CONF}, but missing or not usable`,
    'run this on a control plane that kubeadm has set up; on a new one, cakeless prepare --csrsigning creates the file',
  );
}

const serverOf = (place: CertificateInPlace | undefined) => place?.kubeconfig?.server;

function desired({ keyKind }: Model): DesiredCsr {
  const { commonName } = profileOf(CSRSIGNING_CONF);
  return {
    name: CSRSIGNING_CONF,
    contents: { subject: { commonName, organizations: [] }, names: [] },
    keyKind,
    reuseKey: undefined,
    inPlace: undefined,
  };
}

async function findOrOpen(
  { stateDir, clock, folders }: RenewalDeps,
  { cluster, node }: CreationOptions,
): Promise<OpenRequest> {
  const { own } = separateByNode(listRequests(stateDir), { cluster, node });
  const found = own.find((request) => isCreation(request, folders));
  if (found) return found;
  const now = clock.now();
  return openRequest(stateDir, {
    cluster,
    node,
    request: newRequestId(now),
    createdAt: now.toISOString(),
    open: [...CREATED],
  });
}

async function install(
  deps: RenewalDeps,
  { server, clusterName, caPem }: Model,
  { staged, chainPem = '' }: RenewalOutcome,
): Promise<void> {
  const { stateDir, folders, clock, terminal } = deps;
  const text = kubeconfigText({
    server,
    clusterName,
    userName: profileOf(CSRSIGNING_CONF).commonName,
    certificateAuthority: caPem,
    certificate: chainPem,
    privateKey: staged?.keyPem ?? '',
  });
  const file = fileOf(placeOf(CSRSIGNING_CONF, folders));
  const change = changeFile(file, text, { holdsKey: true, together: false });
  const plan = { names: [...CREATED], cas: [], changes: [change], restarts: [] };
  const prepared = await prepareInstallation(folders, plan, clock.now());
  terminal.progress(`installing ${CSRSIGNING_CONF} ...`);
  await completeInstallation(prepared, deps, undefined);
  await closeAll(stateDir, CREATED);
  await tidy(stateDir);
}
