/** Computes every file change that new certificates require, and checks for everything that could make a write fail. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import {
  changeFile,
  changeLink,
  currentContent,
  type FileChange,
  statIfThere,
} from '../disk/file-change.ts';
import { fingerprintsOf, haveSameCertificates } from '../disk/fingerprints.ts';
import { KubeconfigError, readKubeconfig } from '../disk/kubeconfig.ts';
import { isKubeletsOwn } from '../disk/kubelet-rotation.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { followsCa, planCaData } from './ca-data.ts';
import { checkCopies } from './copies.ts';
import { changeKubeconfig } from './kubeconfig-change.ts';
import { findObstacle } from './put-in-place.ts';

/** A checked certificate, with its key. */
export interface NewCertificate {
  readonly place: CertificateInPlace;
  /** Leaf, then intermediates. */
  readonly chainPem: string;
  readonly keyPem: string;
}

export interface PlanInput {
  readonly certificates: readonly NewCertificate[];
  /** New contents of CA files, by path; empty unless the change was accepted. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** Copies of kubeconfigs to update. */
  readonly also: readonly string[];
  readonly folders: NodeFolders;
  readonly now: Date;
}

export interface PlannedChanges {
  readonly changes: readonly FileChange[];
  /** Kubeconfigs that only get other CA certificates, those of ca.crt. */
  readonly caData: readonly CertificateName[];
  readonly notes: readonly string[];
}

/** @throws CommandError that names every file that cannot be changed, and why */
export function planChanges(input: PlanInput): PlannedChanges {
  checkCopies(input.also);
  const notes: string[] = [];
  const { folders, caFiles, certificates } = input;
  const caFile = caFileOf('ca', folders);
  const next = caFiles.get(caFile);
  // not only another order of the same certificates
  const isNew =
    next !== undefined && !haveSameCertificates(currentContent(caFile, false) ?? '', next);
  // ca.crt contains the CA of every certificate that is installed, and the API server's may be one of them
  const follows =
    next !== undefined || certificates.some(({ place }) => profileOf(place.name).ca === 'ca');
  const caPem = follows ? (next ?? currentContent(caFile, false)) : undefined;
  const planned = certificates.flatMap((one) => changesOf(one, caPem, input));
  const caData = caPem === undefined ? undefined : planCaData({ folders, caPem, isNew, planned });
  notes.push(...(caData?.notes ?? []));
  const changes = [
    ...[...caFiles].map(([file, pem]) =>
      changeFile(file, pem, { holdsKey: false, together: true }),
    ),
    ...planned,
    ...(caData?.changes ?? []),
    ...copies(input, caPem, notes),
  ];
  const problems = findWriteProblems(changes);
  if (problems.length > 0) throw new CommandError('failure', ['nothing was changed:', ...problems]);
  return { changes, caData: caData?.names ?? [], notes };
}

function changesOf(
  { place, chainPem, keyPem }: NewCertificate,
  caPem: string | undefined,
  { now }: PlanInput,
): FileChange[] {
  const pem = chainPem + keyPem;
  // kubelet.conf needs a valid certificate when the kubelet starts, although the kubelet then uses the one in its store
  const { certificateFile, keyFile } = place.configured ?? place;
  const inStore = place.configured ? changePem(place, pem, now) : [];
  if (place.kubeconfig && certificateFile === placeFile(place))
    return [
      changeKubeconfig(certificateFile, place.kubeconfig, { chainPem, keyPem }, caPem),
      ...inStore,
    ];
  if (isSameFile(certificateFile, keyFile))
    return [...changePem({ certificateFile }, pem, now), ...inStore];
  if (keyFile === undefined || keyFile === placeFile(place))
    throw new CommandError(
      'usage',
      `${placeFile(place)}: names a file for the certificate, but not for the key`,
    );
  return [
    changeFile(certificateFile, chainPem, { holdsKey: false, together: true }),
    changeFile(keyFile, keyPem, { holdsKey: true, together: true }),
    ...inStore,
  ];
}

const isSameFile = (a: string, b: string | undefined) => a === b;

/** Named as by the kubelet (client-go util/certificate certificate_store.go): a dated file, and a link to it. */
function changePem(
  { certificateFile: file }: Pick<CertificateInPlace, 'certificateFile'>,
  content: string,
  now: Date,
): FileChange[] {
  if (!isKubeletsOwn({ certificateFile: file }))
    return [changeFile(file, content, { holdsKey: true, together: false })];
  const date = now.toISOString().slice(0, 19).replace(/[T:]/g, '-');
  const dated = join(dirname(file), `kubelet-client-${date}.pem`);
  return [changeFile(dated, content, { holdsKey: true, together: false }), changeLink(file, dated)];
}

/** Someone's own file: what is wrong with it must not stop the renewal of the node. */
function copies(input: PlanInput, caPem: string | undefined, notes: string[]): FileChange[] {
  return input.also.flatMap((file) => {
    try {
      return copyOf(file, input, caPem, notes);
    } catch (error) {
      if (!(error instanceof KubeconfigError)) throw error;
      const { message } = error;
      const named = message.startsWith(`${file}: `) ? message : `${file}: ${message}`;
      notes.push(`warning: not updated: ${named}`);
      return [];
    }
  });
}

/** A copy changes only if it contains one of the replaced certificates, or CA data of this cluster. */
function copyOf(
  file: string,
  { certificates, caFiles, folders }: PlanInput,
  caPem: string | undefined,
  notes: string[],
): FileChange[] {
  const yaml = currentContent(file, false);
  if (yaml === undefined) {
    notes.push(`${file}: does not exist; skipped`);
    return [];
  }
  const kubeconfig = readKubeconfig(yaml, dirname(file));
  const { certificate } = kubeconfig;
  const original = certificates.find(
    ({ place }) =>
      certificate &&
      'pem' in certificate &&
      fingerprintsOf(certificate.pem)[0] === place.leaf.fingerprint256,
  );
  const isOfChange = caPem !== undefined && caFiles.has(caFileOf('ca', folders));
  if (original || (isOfChange && followsCa(kubeconfig, { caPem, folders })))
    return [changeKubeconfig(file, kubeconfig, original, caPem)];
  notes.push(`${file}: contains none of the replaced certificates; left unchanged`);
  return [];
}

const placeFile = ({ place }: CertificateInPlace) =>
  place.kind === 'kubeconfig' ? place.file : place.certificateFile;

/**
 * Checks that there is space for three copies of each content: next to the journal, in `.cakeless-new`, and in the file
 * itself.
 */
const COPIES = 3;
const SPARE_BYTES = 256 * 1024;

function findWriteProblems(changes: readonly FileChange[]): string[] {
  const problems: string[] = [];
  for (const folder of new Set(changes.map(({ path }) => dirname(path)))) {
    const own = changes.filter(({ path }) => dirname(path) === folder);
    const obstacle = own.some(({ together }) => together) ? findObstacle(folder) : undefined;
    if (obstacle !== undefined) problems.push(obstacle);
    try {
      accessSync(folder, constants.W_OK);
    } catch (error) {
      problems.push(`${folder}: not writable (${(error as NodeJS.ErrnoException).code})`);
      continue;
    }
    const needed = own.reduce((sum, { content }) => sum + content.length, 0) * COPIES + SPARE_BYTES;
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < needed)
      problems.push(`${folder}: ${bavail * bsize} bytes are free, but ${needed} are needed`);
  }
  return [...problems, ...changes.flatMap(findOwnerProblem)];
}

function findOwnerProblem({ path, uid }: FileChange): string[] {
  const me = process.getuid?.() ?? 0;
  const existing = statIfThere(path);
  if (existing && !existing.isFile()) return [`${path}: not a regular file`];
  return me === 0 || uid === me
    ? []
    : [`${path}: belongs to user ${uid}, but this process runs as user ${me}`];
}
