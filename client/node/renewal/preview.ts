/** What a renewal would request, change and restart. Writes nothing. */
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import type { RotationPhase } from '../../../lib/contract/rotation-phases.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { describeSubject } from '../../wording/csrs.ts';
import type { Component } from '../disk/components.ts';
import { type CertificatePlace, placeOf } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import type { SkippedCertificate } from '../disk/select-names.ts';
import type { RestartDeps } from '../restart/deps.ts';
import { neededRestarts } from '../restart/needed-restarts.ts';
import { type NotRestarted, whyNotRestarted } from '../restart/restartable.ts';
import { followRotation } from '../rotation/follow.ts';
import { casToFollow } from '../rotation/wanted-cas.ts';
import { desired, type RenewalDeps, type RenewalOptions, selectWanted } from './options.ts';
import { type CaChangePreview, previewCaChange } from './preview-ca-change.ts';

export type ForeseenRestart =
  | { readonly component: Component; readonly state: 'would-restart' }
  | NotRestarted;

export interface ForeseenRenewal {
  readonly name: CertificateName;
  readonly outcome: 'would-renew';
  /** Expiry of the current certificate. */
  readonly notAfter: string;
  readonly subject: string;
  readonly names: readonly string[];
  readonly key: string;
  readonly file: string;
}

export interface RenewalPreview {
  readonly renewals: readonly ForeseenRenewal[];
  readonly skipped: readonly SkippedCertificate[];
  readonly restarts: readonly ForeseenRestart[];
  /** How the CA files differ from what the service publishes; absent if nothing would be renewed. */
  readonly caChange?: CaChangePreview;
  /** Absent if no rotation is followed. */
  readonly rotation?: ForeseenRotation;
  readonly warnings: readonly string[];
}

export interface ForeseenRotation {
  readonly sequence: number;
  readonly ca?: CaName | undefined;
  readonly phase?: RotationPhase | undefined;
  /** What this node would not do, and why. */
  readonly refused: readonly string[];
}

/** Reads nothing from the bucket, except the CAs that the service publishes. */
export async function previewRenewal(
  deps: RestartDeps & Pick<RenewalDeps, 'exchange' | 'stateDir' | 'reach' | 'rotation' | 'served'>,
  given: RenewalOptions,
): Promise<RenewalPreview> {
  const { followed, warnings } = await followRotation(deps.rotation, deps.stateDir);
  const options = { ...given, rotation: followed };
  const { folders } = deps;
  const { caChange } = options;
  const { present, skipped } = selectWanted(deps, options);
  const renewals = present.map((place): ForeseenRenewal => {
    const { contents, keyKind } = desired(place, options);
    return {
      name: place.name,
      outcome: 'would-renew',
      notAfter: isoDate(place.leaf.validTo),
      subject: describeSubject(contents.subject),
      names: contents.names.map(formatName),
      key: keyKind,
      file: fileOf(placeOf(place.name, folders)),
    };
  });
  const names = present.map(({ name }) => name);
  // without a certificate to renew, nothing is compared unless a person accepts what differs, or a rotation changes it
  const isCompared =
    names.length > 0 || caChange.accept || casToFollow(followed, folders).length > 0;
  const preview = isCompared ? await previewCaChange(deps, options, names) : undefined;
  const { cas = [], files = [], unread = [] } = preview?.change ?? {};
  const changedFiles = files
    .filter((file) => !unread.includes(file))
    .map((file) => ({ path: resolvedPath(file) }));
  const needed = options.restart ? neededRestarts(deps, names, cas, changedFiles) : [];
  const restarts = needed.map(
    (component): ForeseenRestart =>
      whyNotRestarted(component, deps) ?? { component, state: 'would-restart' },
  );
  const { sequence, ca, phase } = followed?.memory ?? {};
  return {
    ...{ renewals, skipped, restarts, warnings },
    ...(preview && { caChange: preview.change }),
    ...(sequence !== undefined && {
      rotation: { sequence, ca, phase, refused: preview?.refused ?? [] },
    }),
  };
}

const fileOf = (place: CertificatePlace) =>
  place.kind === 'pair' ? place.certificateFile : place.file;
