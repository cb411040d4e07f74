/** An installation that lacks files: a package is being replaced, or a part was removed. */

export const REINSTALL = 'install cakeless again; if a package manager is replacing it, retry';

/** @returns what is missing; undefined if the error is about something else */
export function describeMissingPart(error: unknown): string | undefined {
  const { code, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const [, part = 'a part of it'] = /'([^']+)'/.exec(message) ?? [];
  return `the installation is incomplete: ${part} is missing`;
}
