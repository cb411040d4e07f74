/**
 * A unit file ends with a line that has the digest of the text above it. With it, a later version of Cakeless can
 * distinguish its own older text, which it replaces, from a unit that someone changed, which it keeps.
 */
import { createHash } from 'node:crypto';
import { readTextIfThere } from '../../read-text.ts';

/** The commands that write units. */
export type UnitWriter = 'install-timer' | 'install-csrsigning';

const markOf = (writer: UnitWriter) =>
  `# written by cakeless ${writer}; change it with systemctl edit, not here: `;

export const markedUnit = (text: string, writer: UnitWriter) =>
  `${text}\n${markOf(writer)}${digest(text)}\n`;

export type UnitState = 'absent' | 'same' | 'older' | 'changed-by-hand';

/** @param text the unit as it would be written now, without the mark */
export function unitState(file: string, text: string, writer: UnitWriter): UnitState {
  const found = readTextIfThere(file);
  if (found === undefined) return 'absent';
  if (found === markedUnit(text, writer)) return 'same';
  const start = found.lastIndexOf(`\n${markOf(writer)}`);
  return start >= 0 && found === markedUnit(found.slice(0, start), writer)
    ? 'older'
    : 'changed-by-hand';
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
