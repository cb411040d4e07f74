/** Computes every file change that new certificates require, and checks for everything that could make a write fail. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from '../../errors.ts';
import { editText } from '../../read-text.ts';
import {
  changeFile,
  changeLink,
  currentBytes,
  currentContent,
  type FileChange,
  statIfThere,
} from '../disk/file-change.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { isKubeletsOwn } from '../disk/select-names.ts';
import { checkCopies } from './copies.ts';
import { editKubeconfig } from './kubeconfig-edit.ts';
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
  readonly notes: readonly string[];
}

/** @throws CommandError that names every file that cannot be changed, and why */
export function planChanges(input: PlanInput): PlannedChanges {
  checkCopies(input.also);
  const notes: string[] = [];
  const caPem = input.caFiles.get(caFileOf('ca', input.folders)) ?? readCa(input.folders);
  const changes = [
    ...[...input.caFiles].map(([file, pem]) =>
      changeFile(file, pem, { holdsKey: false, together: true }),
    ),
    ...input.certificates.flatMap((certificate) => changesOf(certificate, caPem, input)),
    ...copies(input, caPem, notes),
  ];
  const problems = findWriteProblems(changes);
  if (problems.length > 0) throw new CommandError('failure', ['nothing was changed:', ...problems]);
  return { changes, notes };
}

function readCa(folders: NodeFolders): string | undefined {
  return currentContent(caFileOf('ca', folders), false);
}

function changesOf(
  { place, chainPem, keyPem }: NewCertificate,
  caPem: string | undefined,
  { now }: PlanInput,
): FileChange[] {
  const { certificateFile, keyFile } = place;
  const embedded = () => changeKubeconfig(placeFile(place), place, chainPem, keyPem, caPem);
  // the kubelet needs a valid certificate in kubelet.conf when it starts, and then uses the one in its store
  if (place.embedded) return [embedded(), ...changePem(place, chainPem + keyPem, now)];
  if (place.kubeconfig && certificateFile === placeFile(place)) return [embedded()];
  if (isSameFile(certificateFile, keyFile)) return changePem(place, chainPem + keyPem, now);
  if (keyFile === undefined || keyFile === placeFile(place))
    throw new CommandError(
      'usage',
      `${placeFile(place)}: names a file for the certificate, but not for the key`,
    );
  return [
    changeFile(certificateFile, chainPem, { holdsKey: false, together: true }),
    changeFile(keyFile, keyPem, { holdsKey: true, together: true }),
  ];
}

const isSameFile = (a: string, b: string | undefined) => a === b;

/** Named as by the kubelet (client-go util/certificate certificate_store.go): a dated file, and a link to it. */
function changePem(place: CertificateInPlace, content: string, now: Date): FileChange[] {
  const file = place.certificateFile;
  if (!isKubeletsOwn(place))
    return [changeFile(file, content, { holdsKey: true, together: false })];
  const date = now.toISOString().slice(0, 19).replace(/[T:]/g, '-');
  const dated = join(dirname(file), `kubelet-client-${date}.pem`);
  return [changeFile(dated, content, { holdsKey: true, together: false }), changeLink(file, dated)];
}

function changeKubeconfig(
  file: string,
  { kubeconfig }: CertificateInPlace,
  certificate: string,
  privateKey: string,
  caPem: string | undefined,
): FileChange {
  const before = currentBytes(file, false) ?? Buffer.alloc(0);
  const data = {
    userName: kubeconfig?.userName ?? '',
    clusterName: kubeconfig?.clusterName,
    certificate,
    privateKey,
    certificateAuthority: refreshedCa(kubeconfig?.certificateAuthority, caPem),
  };
  const edited = editText(before, (yaml) => editKubeconfig(yaml, data));
  return { ...changeFile(file, edited, { holdsKey: true, together: false }), before };
}

/**
 * CA data that lacks a certificate of pki/ca.crt is replaced with pki/ca.crt, as in `kubeadm certs renew`
 * (kubeadm#2027); other CA data stays unchanged.
 */
function refreshedCa(
  material: { pem: string } | { file: string } | undefined,
  caPem: string | undefined,
): string | undefined {
  if (caPem === undefined || (material && 'file' in material)) return undefined;
  const current = new Set(fingerprintsOf(material?.pem ?? ''));
  return fingerprintsOf(caPem).every((one) => current.has(one)) ? undefined : caPem;
}

/** A copy changes only if it contains one of the replaced certificates. */
function copies(input: PlanInput, caPem: string | undefined, notes: string[]): FileChange[] {
  return input.also.flatMap((file) => {
    const yaml = currentContent(file, false);
    if (yaml === undefined) {
      notes.push(`${file}: does not exist; skipped`);
      return [];
    }
    const kubeconfig = readKubeconfig(yaml, dirname(file));
    const { certificate } = kubeconfig;
    const original = input.certificates.find(
      ({ place }) =>
        certificate &&
        'pem' in certificate &&
        fingerprintsOf(certificate.pem)[0] === place.leaf.fingerprint256,
    );
    if (!original) {
      notes.push(`${file}: contains none of the replaced certificates; left unchanged`);
      return [];
    }
    const place = { ...original.place, kubeconfig };
    return [changeKubeconfig(file, place, original.chainPem, original.keyPem, caPem)];
  });
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
