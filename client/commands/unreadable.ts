import { CommandError } from '../errors.ts';

/** For lists: documents that cannot be read are an error after the list, so that no list is silently incomplete. */
export function failIfUnreadable(unreadable: readonly string[], hint: string): void {
  if (unreadable.length === 0) return;
  const heading = `${unreadable.length} not listed, because they cannot be read:`;
  throw new CommandError('failure', [heading, ...unreadable], hint);
}
