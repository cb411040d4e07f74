/**
 * The CA data of kubeconfigs whose own certificate does not change. A client that does not trust the CA of the API
 * server's certificate is disconnected; if that is the kubelet, the cluster loses the node.
 */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import {
  currentContent,
  destinationOf,
  type FileChange,
  statIfThere,
} from '../disk/file-change.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { type Kubeconfig, KubeconfigError, readKubeconfig } from '../disk/kubeconfig.ts';
import { caFileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { haveSameCas } from '../trust/renewed-ca.ts';
import { changeKubeconfig, refreshedCa } from './kubeconfig-change.ts';

export interface CaDataInput {
  readonly folders: NodeFolders;
  /** ca.crt as it will be. */
  readonly caPem: string;
  /** Whether this installation replaces it. */
  readonly isNew: boolean;
  /** What the installation changes already. */
  readonly planned: readonly FileChange[];
}

export interface PlannedCaData {
  readonly changes: readonly FileChange[];
  /** Kubeconfigs that get other CAs, not only another order or renewed certificates of the same ones. */
  readonly names: readonly CertificateName[];
  readonly notes: readonly string[];
}

/** @throws CommandError if ca.crt is replaced, and a kubeconfig cannot follow it */
export function planCaData(input: CaDataInput): PlannedCaData {
  const caFile = caFileOf('ca', input.folders);
  const found = kubeconfigsOf(input).map(({ name, file }) => ({
    name,
    file,
    ...planOne(file, input),
  }));
  const objections = found.flatMap(({ objection }) => objection ?? []);
  if (objections.length > 0)
    throw new CommandError(
      'check-failed',
      ['nothing was changed: with the new ca.crt,', ...objections].join('\n  '),
      `have these kubeconfigs name ${caFile}, or embed its certificates`,
    );
  const changed = found.filter(({ change }) => change);
  return {
    changes: changed.flatMap(({ change }) => change ?? []),
    names: changed.filter(({ hasSameCas }) => !hasSameCas).map(({ name }) => name),
    notes: [
      ...changed.map(({ file }) => `${file}: its CA data is now that of ${caFile}`),
      ...found.flatMap(({ note }) => note ?? []),
    ],
  };
}

interface PlannedKubeconfig {
  readonly change?: FileChange;
  /** Whether the CAs are the same, in another order or with renewed certificates: no component has to read them again. */
  readonly hasSameCas?: boolean;
  readonly note?: string;
  /** Why ca.crt cannot be replaced. */
  readonly objection?: string | undefined;
}

function planOne(file: string, input: CaDataInput): PlannedKubeconfig {
  let kubeconfig: Kubeconfig;
  try {
    kubeconfig = readKubeconfig(currentContent(file, false) ?? '', dirname(file));
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    return { note: `${file}: its CA data was not compared with ca.crt: ${error.message}` };
  }
  const objection = input.isNew ? findOtherCaFile(file, kubeconfig, input) : undefined;
  if (!kubeconfig.certificateAuthority || refreshedCa(kubeconfig, input.caPem) === undefined)
    return { objection };
  try {
    const change = changeKubeconfig(file, kubeconfig, undefined, input.caPem);
    return { change, hasSameCas: keepsCas(kubeconfig, input.caPem) };
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    return input.isNew ? { objection: error.message } : { note: error.message };
  }
}

function keepsCas({ certificateAuthority }: Kubeconfig, caPem: string): boolean {
  const before = certificateAuthority && 'pem' in certificateAuthority && certificateAuthority.pem;
  return haveSameCas(before || '', caPem);
}

/** Existing kubeconfigs that the installation does not change already. */
function kubeconfigsOf({ folders, planned }: CaDataInput) {
  return CERTIFICATE_NAMES.flatMap((name) => {
    const place = placeOf(name, folders);
    if (place.kind !== 'kubeconfig' || statIfThere(place.file)?.isFile() !== true) return [];
    const path = destinationOf(place.file);
    return planned.some((change) => change.path === path) ? [] : [{ name, file: place.file }];
  });
}

function findOtherCaFile(
  file: string,
  { certificateAuthority }: Kubeconfig,
  { caPem, folders }: CaDataInput,
): string | undefined {
  if (!certificateAuthority || !('file' in certificateAuthority)) return undefined;
  const { file: named } = certificateAuthority;
  const caFile = caFileOf('ca', folders);
  if (statIfThere(named) && statIfThere(caFile) && realpathSync(named) === realpathSync(caFile))
    return undefined;
  const holds = new Set(fingerprintsOf(currentContent(named, false) ?? ''));
  return fingerprintsOf(caPem).every((one) => holds.has(one))
    ? undefined
    : `${file} would take its CA certificates from ${named}, which lacks one of them`;
}

/** Whether a copy of a kubeconfig belongs to this cluster: it has a certificate of the old or the new ca.crt. */
export function followsCa(
  { certificateAuthority }: Kubeconfig,
  { caPem, folders }: Pick<CaDataInput, 'caPem' | 'folders'>,
): boolean {
  if (!certificateAuthority || !('pem' in certificateAuthority)) return false;
  const old = currentContent(caFileOf('ca', folders), false) ?? '';
  const ours = [caPem, old].flatMap(fingerprintsOf);
  return fingerprintsOf(certificateAuthority.pem).some((one) => ours.includes(one));
}
