/** The one certificate that a node can get later than from `prepare`: its first one replaces nothing. */
import { type CertificateName, CSRSIGNING_CONF } from '../../../lib/profiles/certificate-names.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { OpenRequest } from './request-journal.ts';

export const CREATED: readonly CertificateName[] = [CSRSIGNING_CONF];

/** A request for the first certificate: `renew` has nothing to replace with it. */
export const isCreation = ({ open }: OpenRequest, folders: NodeFolders): boolean =>
  open.join() === CREATED.join() && !hasCsrsigning(folders);

export const hasCsrsigning = (folders: NodeFolders): boolean =>
  readPlace(placeOf(CSRSIGNING_CONF, folders)).state !== 'missing';
