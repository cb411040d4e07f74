/** A node that follows a rotation is killed at some of its file changes; `rotation-kills.slow.test.ts` has more. */
import { COURSES, KillCourse } from './rotation-kills.ts';

/** A prime: over time, as calls come and go, it meets all kinds of them. */
const STEP = 59;

it.each(COURSES)(
  'after %j, a kill in phase %s changes nothing of what the next run reaches, nor of %j',
  async (...course) => {
    const kills = new KillCourse(course);
    try {
      const calls = await kills.count();
      expect(calls).toBeGreaterThan(STEP);
      for (let call = 1; call <= calls; call += STEP)
        expect([call, await kills.kill(call)]).toEqual([call, []]);
    } finally {
      kills.close();
    }
  },
);
