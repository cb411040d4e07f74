/** What `--version` prints. */

/** The version in package.json; test/client/bundle.test.ts compares the two. */
export const VERSION = '0.1.0';

/** Replaced by the build, where the commit is known (client/bundle.mjs). */
declare const BUILT_FROM_COMMIT: string | undefined;

/** @param commit for a command that was not built; short */
export function versionText(commit?: string): string {
  const known = typeof BUILT_FROM_COMMIT === 'undefined' ? commit : BUILT_FROM_COMMIT;
  return known === undefined || known === '' ? VERSION : `${VERSION} (${known})`;
}
