/** Questions to the person at the terminal. */
import { createInterface } from 'node:readline';
import { plainLine } from './plain-text.ts';

export interface Prompt {
  /** The answer without surrounding spaces; undefined if nobody can answer, as in a script. */
  ask(question: string): Promise<string | undefined>;
}

/** Standard output may be redirected: the question is on standard error. */
export const systemPrompt: Prompt = {
  ask: async (question) => {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await new Promise<string>((resolve) => {
        lines.once('close', () => resolve('')); // Ctrl-D, Ctrl-C
        lines.question(plainLine(question), (answer) => resolve(answer.trim()));
      });
    } finally {
      lines.close();
    }
  },
};

export const noPrompt: Prompt = { ask: async () => undefined };
