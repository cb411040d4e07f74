import { ENVIRONMENT } from '../../lib/environment-names.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  isCertificateName,
  KUBEADM_NAMES,
} from '../../lib/profiles/certificate-names.ts';
import type { Buckets } from '../buckets.ts';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { invite } from '../operator/invite.ts';
import type { Terminal } from '../terminal.ts';

export interface InviteOptions {
  cluster: string;
  node: string;
  request?: string;
  name?: string[];
  trustDomain?: string;
  expiresIn?: number;
  out: string;
}

export async function inviteNode(
  buckets: Buckets,
  terminal: Terminal,
  options: InviteOptions,
): Promise<void> {
  const { cluster, node, request, trustDomain, expiresIn: expiresSeconds, out } = options;
  const names = namesOf(options);
  const invitation = await invite(
    buckets,
    process.env[ENVIRONMENT.exchangeBucket] ?? '',
    terminal,
    { cluster, node, request, names, trustDomain, expiresSeconds, out },
    systemClock.now(),
  );
  terminal.print(
    `invitation for request ${invitation.request} of ${cluster}/${node}, until ${invitation.expiresAt}: ${out}`,
  );
  terminal.progress(
    'it expires earlier if the AWS credentials that signed it do; anyone who has the file can make this request as the node',
  );
  if (options.name)
    terminal.progress(`it covers ${names.join(', ')} only: submit a folder without other CSRs`);
}

function namesOf({ name: names }: InviteOptions): readonly CertificateName[] {
  if (names === undefined) return KUBEADM_NAMES;
  const unknown = names.filter((name) => !isCertificateName(name));
  if (unknown.length === 0) return names.filter(isCertificateName);
  throw new CommandError(
    'usage',
    `${unknown.join(', ')}: not one of ${CERTIFICATE_NAMES.join(', ')}`,
  );
}
