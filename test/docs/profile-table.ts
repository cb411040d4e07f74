/** The tables that the documentation must show, generated from the code. */
import { pathsOf } from '../../lib/contract/kubeadm-paths.ts';
import { keyUsagesOf as usagesOf } from '../../lib/issuance/certificate-fields.ts';
import {
  type OrganizationRule,
  PROBE_COMMON_NAME,
  PROBE_PROFILES,
  PROBE_VALIDITY_SECONDS,
  PROFILES,
  type Profile,
} from '../../lib/profiles/profiles.ts';

const HEADER = [
  'certificate name',
  'CA',
  'CN',
  'O, from release on',
  'EKU',
  'KU, RSA key',
  'KU, EC key',
  'SANs',
  'from release',
  'roles',
];

/** The profile table of docs/certificate-specification.md. */
export function profileTable(): string {
  const rows = [HEADER, HEADER.map(() => '---'), ...PROFILES.map(rowOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The table of probes of docs/certificate-specification.md. */
export function probeTable(): string {
  const header = ['certificate name', 'CA', 'CN', 'O', 'EKU', 'KU', 'SANs', 'validity', 'roles'];
  const rows = PROBE_PROFILES.map(({ name, cas: [ca], extendedKeyUsages, roles }) => [
    code(name),
    code(ca),
    code(PROBE_COMMON_NAME),
    'none',
    extendedKeyUsages.join(', '),
    keyUsagesOf({ extendedKeyUsages }, 'EC'),
    'none',
    `${PROBE_VALIDITY_SECONDS / 3600}h`,
    roles.join(', '),
  ]);
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The paths of CSRs, for docs/s3-contract.md. */
export function pathTable(): string {
  const header = ['certificate name', 'paths below the request id'];
  const rows = PROFILES.map((profile) => [
    code(profile.name),
    pathsOf(profile).map(code).join(', '),
  ]);
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function rowOf(profile: Profile): string[] {
  return [
    code(profile.name),
    code(profile.ca),
    code(profile.commonName),
    organizationsOf(profile.organizations),
    profile.extendedKeyUsages.join(', '),
    keyUsagesOf(profile, 'RSA'),
    keyUsagesOf(profile, 'EC'),
    profile.sans,
    profile.since,
    profile.roles.join(', '),
  ];
}

function keyUsagesOf(
  { extendedKeyUsages }: Pick<Profile, 'extendedKeyUsages'>,
  keyAlgorithm: 'RSA' | 'EC',
): string {
  return usagesOf({ keyAlgorithm, extendedKeyUsages }).join(', ');
}

function organizationsOf(rules: readonly OrganizationRule[]): string {
  const setOf = (set: readonly string[]) => (set.length === 0 ? 'none' : set.map(code).join(' + '));
  const [first] = rules;
  if (rules.length === 1 && first) return first.accepted.map(setOf).join(' or ');
  return rules
    .map(({ since, accepted }) => `${since}: ${accepted.map(setOf).join(' or ')}`)
    .join('<br>');
}

function code(text: string): string {
  return `\`${text}\``;
}
