/** Files that Debian's policy requires: copyright (12.5) and changelog (4.4). */
import { type Flavor, MAINTAINER } from './metadata.ts';
import type { Revision } from './revision.ts';

/** The policy requires a reference to the copy of the Apache license that every Debian system has. */
export function copyright(license: string, { time }: Pick<Revision, 'time'>): string {
  if (!/Apache License\s+Version 2\.0/.test(license)) throw new Error('LICENSE: not Apache-2.0');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Cakeless
Comment: THIRD-PARTY-NOTICES in this folder has the licenses of what is contained.

Files: *
Copyright: ${time.getUTCFullYear()} Cakeless authors
License: Apache-2.0
 On Debian systems, the complete text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
`;
}

export function debianChangelog(
  name: string,
  { version, commit, time }: Pick<Revision, 'version' | 'commit' | 'time'>,
): string {
  const date = time.toUTCString().replace('GMT', '+0000');
  return `${name} (${version}-1) unstable; urgency=medium

  * Release ${version}, built from commit ${commit}.
    changelog.gz has the changes for operators.

 -- ${MAINTAINER}  ${date}
`;
}

/** What lintian would report for every program that contains Node.js, and for a package that is not part of Debian. */
export function lintianOverrides({ name }: Flavor, hasNode: boolean): string {
  const ofNode = [
    '# Node.js as its project builds it, with its own copies of libraries; it must stay unchanged',
    ...['embedded-library', 'hardening-no-pie', 'unstripped-binary-or-object'].map(
      (tag) => `${name}: ${tag} *`,
    ),
  ];
  const lines = [
    ...(hasNode ? ofNode : []),
    '# not part of Debian, so no bug asked for it',
    `${name}: initial-upload-closes-no-bugs *`,
    '# deb-systemd-helper would keep its own state; the timer is not enabled by the package',
    `${name}: maintainer-script-calls-systemctl *`,
  ];
  return `${lines.join('\n')}\n`;
}
