/** The plan of a rotation, as people read it before they approve it, and the commands that name it. */
import type { ShownPlan } from '../rotation/responses.ts';
import { shellCommand } from '../wording/shell.ts';

/** What is approved, in full: neither shortened nor left out. */
export function describePlan(plan: ShownPlan): string[] {
  const { trustDomain, ca, phase, from, to, crossTbsSha256, compromised, waivers, digest } = plan;
  return [
    phase === 'trust'
      ? `start of the rotation of ${ca} of trust domain ${trustDomain}: all nodes will trust a new CA beside the old one`
      : `${ca} of trust domain ${trustDomain}: all nodes will drop the old CA; what still needs it stops working`,
    `old CA: version ${from.version}, SHA-256 of the certificate ${from.sha256}`,
    `new CA: version ${to.version}, SHA-256 of the public key ${to.publicKeySha256}`,
    ...(to.notAfter === undefined
      ? []
      : [`new CA: valid until ${to.notAfter}, with the ${to.keySpec} key ${to.keyId}`]),
    ...(to.tbsSha256 === undefined
      ? []
      : [
          `new CA: SHA-256 of the certificate that will be signed (TBSCertificate): ${to.tbsSha256}`,
        ]),
    ...(to.sha256 === undefined ? [] : [`new CA: SHA-256 of the certificate ${to.sha256}`]),
    ...(to.above ?? []).map(
      ({ subject, sha256 }) => `above the new CA: ${subject}, SHA-256 of the certificate ${sha256}`,
    ),
    ...(phase === 'trust'
      ? [
          crossTbsSha256 === undefined
            ? 'no cross certificate: nodes accept the new CA only with --ca-cert-hash'
            : `cross certificate, with which nodes accept the new CA without a person; SHA-256 (TBSCertificate): ${crossTbsSha256}`,
        ]
      : []),
    ...(compromised ? ['the old CA is compromised: it cannot vouch for the new CA'] : []),
    ...waivers.map(({ subject, reason }) => `waived: ${subject}: ${reason}`),
    `plan: ${digest}`,
  ];
}

export const approveCommand = (plan: ShownPlan, reason?: string): string =>
  planCommand('approve', plan, ...(reason === undefined ? [] : ['--reason', reason]));

/** With everything that makes it this plan: with another waiver, it is another one. */
export function planCommand(
  verb: 'approve' | 'rotate',
  plan: ShownPlan,
  ...more: string[]
): string {
  const { trustDomain, ca, phase, compromised, waivers } = plan;
  return shellCommand(
    ...['cakeless', 'trust-domain', verb, trustDomain, '--ca', ca, '--to', phase],
    ...(compromised && phase === 'trust' ? ['--compromised'] : []),
    ...waivers.flatMap(({ subject, reason }) => ['--waive', `${subject}=${reason}`]),
    ...more,
  );
}
