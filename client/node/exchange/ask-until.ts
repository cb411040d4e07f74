/** Asks again and again until nothing is waited for, or the time is over. */
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';

/** Most answers are there in less than a second, and some take an approver. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1000;

export interface Waiting<T> {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly seconds: number;
  readonly ask: () => Promise<T>;
  /** What an answer leaves open, in words for people. */
  readonly openIn: (answer: T) => readonly string[];
}

/** @returns the last answer */
export async function askUntil<T>(waiting: Waiting<T>): Promise<T> {
  const { clock, terminal, seconds, ask, openIn } = waiting;
  const deadline = clock.now().getTime() + seconds * 1000;
  let said = '';
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const answer = await ask();
    const open = openIn(answer).join(', ');
    const left = deadline - clock.now().getTime();
    if (open === '' || left <= 0) return answer;
    if (open !== said) terminal.progress(`waiting for ${open} ...`);
    said = open;
    await clock.sleep(Math.min(pause, left));
  }
}
