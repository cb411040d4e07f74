/** What this node says about itself. Only reads; a file that cannot be read is left out, and reported by others. */

import { existsSync } from 'node:fs';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import {
  MAX_REPORT_BYTES,
  type NodeReport,
  REPORT_LIMITS,
} from '../../../lib/contract/node-report.ts';
import {
  CA_NAMES,
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { VERSION } from '../../version.ts';
import { findCaKeys } from '../disk/ca-keys.ts';
import { COMPONENTS } from '../disk/components.ts';
import { parseCertificates, sha256Of } from '../disk/fingerprints.ts';
import { findKeyCopies } from '../disk/key-copies.ts';
import { caPemIn } from '../disk/kubeconfig-ca.ts';
import { caFileOf, fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { readManifest } from '../restart/manifest.ts';
import { signingFlags } from '../restart/signing-flags.ts';
import { findAnchor, presentedBy } from '../trust/signer.ts';
import { lastRenewal } from './last-renewal.ts';
import type { ServedCertificate } from './served.ts';

export interface ReportedNode {
  readonly cluster: string;
  readonly node: string;
  readonly folders: NodeFolders;
  readonly stateDir: string;
}

/**
 * @param by the command that writes it
 * @param rotation undefined if this node has seen none
 */
export function collectReport(
  { cluster, node, folders, stateDir }: ReportedNode,
  by: string,
  served: readonly ServedCertificate[],
  now: Date,
  rotation?: NodeReport['rotation'],
): NodeReport {
  const signing = attempt(() => signingFlags(folders));
  const last = lastRenewal(stateDir);
  // the folder may have come from another node
  const renewal = last?.cluster === cluster && last.node === node ? last : undefined;
  return shrink({
    cluster,
    node,
    at: now.toISOString(),
    by,
    versions: { cakeless: VERSION, components: versionsOf(folders) },
    certificates: CERTIFICATE_NAMES.flatMap(
      (name) => attempt(() => certificateOf(name, folders)) ?? [],
    ),
    served: served.map((one) => ({ ...one, issuer: short(one.issuer) })),
    caFiles: CA_NAMES.flatMap((ca) => {
      const file = caFileOf(ca, folders);
      const text = attempt(() => readTextIfThere(file));
      return text === undefined ? [] : [{ ca, file: short(file), sha256: hashesOf(text) }];
    }),
    kubeconfigs: CERTIFICATE_NAMES.flatMap((name) => attempt(() => caDataOf(name, folders)) ?? []),
    caKeys: caKeysOf(folders),
    ...(signing && {
      signing: {
        file: short(signing.file),
        flags: few(signing.flags.map(({ name, value }) => short(`${name}=${value}`))),
        signs: signing.signs,
      },
    }),
    ...(rotation && { rotation }),
    ...(renewal && { renewal: { at: renewal.at, exitCode: renewal.exitCode } }),
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const few = <T>(items: readonly T[]): T[] => items.slice(0, REPORT_LIMITS.items);
const short = (text: string) => text.slice(0, REPORT_LIMITS.text);
const hashesOf = (pem: string) => few(attempt(() => parseCertificates(pem)) ?? []).map(sha256Of);

const versionsOf = (folders: NodeFolders) =>
  COMPONENTS.flatMap((name) => {
    const version = attempt(() => readManifest(name, folders)?.version);
    return version === undefined ? [] : [{ name, version: `1.${version.minor}.${version.patch}` }];
  });

function certificateOf(name: CertificateName, folders: NodeFolders) {
  const place = readPlace(placeOf(name, folders));
  if (place.state !== 'present') return [];
  const { ca } = profileOf(name);
  const bundle = readTextIfThere(caFileOf(ca, folders)) ?? '';
  const anchor = attempt(() => findAnchor(presentedBy(place), bundle));
  const { leaf } = place;
  return [
    {
      name,
      file: short(place.certificateFile),
      sha256: sha256Of(leaf),
      notAfter: isoDate(leaf.validTo),
      ca,
      ...(anchor && { caSha256: sha256Of(anchor) }),
    },
  ];
}

function caDataOf(name: CertificateName, folders: NodeFolders) {
  const place = placeOf(name, folders);
  if (place.kind !== 'kubeconfig') return [];
  const file = fileOf(place);
  return existsSync(file) ? [{ file: short(file), sha256: hashesOf(caPemIn(file) ?? '') }] : [];
}

/** In their places, and copies elsewhere. */
function caKeysOf(folders: NodeFolders): string[] {
  const inPlace = attempt(() => findCaKeys(folders)) ?? [];
  const copies = (attempt(() => findKeyCopies(folders)) ?? { copies: [] }).copies;
  return few([...new Set([...inPlace, ...copies.map(({ file }) => file)])].map(short));
}

/** Whatever is on the node: what matters most stays. */
function shrink(full: NodeReport): NodeReport {
  const { rotation } = full;
  const report = rotation
    ? { ...full, rotation: { ...rotation, left: rotation.left.slice(0, MOST_LEFT) } }
    : full;
  const smaller = [
    full,
    report,
    { ...report, kubeconfigs: [] },
    { ...report, kubeconfigs: [], caFiles: [] },
    { ...report, kubeconfigs: [], caFiles: [], served: [], caKeys: report.caKeys.slice(0, 20) },
  ];
  const isSmall = (one: NodeReport) => Buffer.byteLength(textOfReport(one)) <= MAX_REPORT_BYTES;
  return smaller.find(isSmall) ?? { ...report, kubeconfigs: [], caFiles: [], certificates: [] };
}

/** A person fixes the first ones, and sees the others in the next report. */
const MOST_LEFT = 20;

export const textOfReport = (report: NodeReport): string => `${JSON.stringify(report, null, 1)}\n`;
