/** The disk of a node is full, its quota exceeded, or it is read-only, from many of its file changes on, in each phase. */
import type { DiskError } from '../../../support/mortal-files.ts';
import { COURSES, KillCourse } from './rotation-kills.ts';

const ERRORS: readonly DiskError[] = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** A prime, so that each error meets all kinds of calls. Each failure is three whole runs of a node, so few are tried. */
const STEP = 127;

it.each(COURSES)(
  'after %j, a disk that fails anywhere in phase %s is said, and changes nothing of what the next run reaches, nor of %j',
  async (...course) => {
    const kills = new KillCourse(course);
    try {
      const calls = await kills.count();
      for (let call = 1, i = 0; call <= calls; call += STEP, i += 1) {
        const error = ERRORS[i % ERRORS.length] ?? 'ENOSPC';
        expect([call, error, await kills.fail(call, error)]).toEqual([call, error, []]);
      }
    } finally {
      kills.close();
    }
  },
  1_800_000,
);
