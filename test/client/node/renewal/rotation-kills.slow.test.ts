/** A node that follows a rotation is killed at many of its file changes, in each phase. */
import { COURSES, KillCourse } from './rotation-kills.ts';

/** A prime: over time, as calls come and go, it meets all kinds of them. Each kill is two whole runs of a node. */
const STEP = 23;

it.each(COURSES)(
  'after %j, a kill anywhere in phase %s changes nothing of what the next run reaches, nor of %j',
  async (...course) => {
    const kills = new KillCourse(course);
    try {
      const calls = await kills.count();
      for (let call = 1; call <= calls; call += STEP)
        expect([call, await kills.kill(call)]).toEqual([call, []]);
    } finally {
      kills.close();
    }
  },
  1_800_000,
);
