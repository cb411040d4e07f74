/** Works out every file that new certificates change, and checks all that can fail before the first one is touched. */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
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
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { isKubeletsOwn } from '../disk/select-names.ts';
import { editKubeconfig } from './kubeconfig-edit.ts';
import { checkCopies } from './others-folders.ts';

/** A certificate that passed every check, with its key. */
export interface NewCertificate {
  readonly place: CertificateInPlace;
  /** Leaf, then intermediates. */
  readonly chainPem: string;
  readonly keyPem: string;
}

export interface PlanInput {
  readonly certificates: readonly NewCertificate[];
  /** New contents of CA files by path; empty unless the change was accepted. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** Copies of kubeconfigs that follow them. */
  readonly also: readonly string[];
  readonly folders: NodeFolders;
  readonly now: Date;
}

export interface PlannedChanges {
  readonly changes: readonly FileChange[];
  readonly notes: readonly string[];
}

/** @throws CommandError that names every file that can't be changed, and why */
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
  const problems = findObstacles(changes);
  if (problems.length > 0)
    throw new CommandError(
      'failure',
      ['nothing was changed:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
    );
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
  // the kubelet needs the one in kubelet.conf to be good when it starts, and then uses its own
  if (place.embedded) return [embedded(), ...changePem(place, chainPem + keyPem, now)];
  if (place.kubeconfig && certificateFile === placeFile(place)) return [embedded()];
  if (isSameFile(certificateFile, keyFile)) return changePem(place, chainPem + keyPem, now);
  if (keyFile === undefined || keyFile === placeFile(place))
    throw new CommandError(
      'usage',
      `${placeFile(place)}: names a file for its certificate and none for its key`,
    );
  return [
    changeFile(certificateFile, chainPem, { holdsKey: false, together: true }),
    changeFile(keyFile, keyPem, { holdsKey: true, together: true }),
  ];
}

const isSameFile = (a: string, b: string | undefined) => a === b;

/** As the kubelet names them (client-go util/certificate certificate_store.go): a dated file, and a link to it. */
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
 * CA data that lacks a certificate of pki/ca.crt becomes pki/ca.crt, as in `kubeadm certs renew` (kubeadm#2027); data
 * that holds them all stays as it is.
 */
function refreshedCa(
  material: { pem: string } | { file: string } | undefined,
  caPem: string | undefined,
): string | undefined {
  if (caPem === undefined || (material && 'file' in material)) return undefined;
  const there = new Set(fingerprints(material?.pem ?? ''));
  return fingerprints(caPem).every((fingerprint) => there.has(fingerprint)) ? undefined : caPem;
}

export const fingerprints = (pem: string) =>
  certificatesIn(pem).map((block) => new X509Certificate(block).fingerprint256);

/** A copy changes only if its certificate is the one that is replaced. */
function copies(input: PlanInput, caPem: string | undefined, notes: string[]): FileChange[] {
  return input.also.flatMap((file) => {
    const yaml = currentContent(file, false);
    if (yaml === undefined) {
      notes.push(`${file}: is not there; nothing to do`);
      return [];
    }
    const kubeconfig = readKubeconfig(yaml, dirname(file));
    const { certificate } = kubeconfig;
    const original = input.certificates.find(
      ({ place }) =>
        certificate &&
        'pem' in certificate &&
        fingerprints(certificate.pem)[0] === place.leaf.fingerprint256,
    );
    if (!original) {
      notes.push(`${file}: left alone, it holds none of the certificates that are replaced`);
      return [];
    }
    const place = { ...original.place, kubeconfig };
    return [changeKubeconfig(file, place, original.chainPem, original.keyPem, caPem)];
  });
}

const placeFile = ({ place }: CertificateInPlace) =>
  place.kind === 'kubeconfig' ? place.file : place.certificateFile;

/** What would stop a write half-way. Contents are written beside the journal first, so room is needed for three of each. */
const COPIES = 3;
const SPARE_BYTES = 256 * 1024;

function findObstacles(changes: readonly FileChange[]): string[] {
  const problems: string[] = [];
  for (const folder of new Set(changes.map(({ path }) => dirname(path)))) {
    const own = changes.filter(({ path }) => dirname(path) === folder);
    try {
      accessSync(folder, constants.W_OK);
    } catch (error) {
      problems.push(`${folder}: can not be written to (${(error as NodeJS.ErrnoException).code})`);
      continue;
    }
    const needed = own.reduce((sum, { content }) => sum + content.length, 0) * COPIES + SPARE_BYTES;
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < needed)
      problems.push(`${folder}: ${bavail * bsize} bytes are free, ${needed} are needed`);
  }
  return [...problems, ...changes.flatMap(findOwnerProblem)];
}

function findOwnerProblem({ path, uid }: FileChange): string[] {
  const me = process.getuid?.() ?? 0;
  const there = statIfThere(path);
  if (there && !there.isFile()) return [`${path}: is no file`];
  return me === 0 || uid === me ? [] : [`${path}: belongs to user ${uid}, and this is user ${me}`];
}
