/** What is in the file systems of a machine, to compare before and after. */

/** What package managers and systemd keep for themselves, and the machine's own changes while it runs. */
const OTHERS = [
  ...['/var/log', '/var/cache/apt', '/var/cache/ldconfig', '/var/lib/apt', '/var/lib/dpkg'],
  ...['/var/backups', '/var/lib/rpm', '/var/lib/systemd/random-seed', '/var/lib/systemd/catalog'],
  ...['/root/.rpmdb', '/var/tmp', '/mnt'],
];

/** A command that prints a line for each file: path, kind, mode, owner, size (not of folders), target. */
export const LIST_FILES = [
  ...['find', '/', '-xdev'],
  ...['(', ...OTHERS.flatMap((path, index) => [...(index > 0 ? ['-o'] : []), '-path', path]), ')'],
  ...['-prune', '-o', '-type', 'd', '-printf', '%p %y %m %U:%G\\n'],
  ...['-o', '-printf', '%p %y %m %U:%G %s %l\\n'],
];

/** Sorted, without a folder and what is below it. */
export const listed = (output: string, without: string) =>
  output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`${without} `))
    .filter((line) => !line.startsWith(`${without}/`))
    .sort();
