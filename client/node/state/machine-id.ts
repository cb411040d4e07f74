import { createHash } from 'node:crypto';
import { readTextIfThere } from '../../read-text.ts';

/**
 * Which machine this is; undefined without systemd. A digest, because backups can contain it, and programs are not to expose
 * the id itself (machine-id(5)).
 */
export function readMachineId(file = '/etc/machine-id'): string | undefined {
  try {
    const [id] = /^[0-9a-f]{32}$/.exec((readTextIfThere(file) ?? '').trim()) ?? [];
    return id && createHash('sha256').update(`cakeless ${id}`).digest('hex');
  } catch {
    return undefined;
  }
}
