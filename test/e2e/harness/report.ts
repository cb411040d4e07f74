/** The results of all checks: a line for each as it happens, tables and counts at the end. */
import { writeFileSync } from 'node:fs';
import { formatTable } from '../../../client/table.ts';

export interface Result {
  /** `matrix`, `facts`, `control plane`, `refused`, … */
  readonly part: string;
  /** What was tested, as the first cells of its row: release, kind of key, … */
  readonly row: readonly string[];
  readonly check: string;
  readonly outcome: 'ok' | 'FAIL' | 'not reached';
  /** What was seen, or why it failed. */
  readonly words: string;
}

/** Runs a check and reports its result. The body returns what it observed, or throws if that is wrong. */
export type Check = (name: string, body: () => Promise<string | undefined>) => Promise<void>;

export class Report {
  readonly results: Result[] = [];
  readonly #started = Date.now();

  say(line: string): void {
    const seconds = String(Math.round((Date.now() - this.#started) / 1000)).padStart(4);
    process.stdout.write(`${seconds} s  ${line}\n`);
  }

  /**
   * One row: checks that build upon each other. The first that fails ends the row. Checks that `expected` names and
   * that were not reached count as failed, too, so that nothing is omitted silently.
   */
  async row(
    part: string,
    row: readonly string[],
    expected: readonly string[],
    body: (check: Check) => Promise<void>,
  ): Promise<void> {
    const done = new Set<string>();
    const note = (check: string, outcome: Result['outcome'], words: string) => {
      done.add(check);
      this.results.push({ part, row, check, outcome, words });
      if (outcome !== 'ok') this.say(`${outcome}: ${[part, ...row, check].join(', ')}: ${words}`);
    };
    try {
      await body(async (name, look) => {
        try {
          note(name, 'ok', (await look()) ?? '');
        } catch (error) {
          note(name, 'FAIL', error instanceof Error ? error.message : String(error));
          throw error;
        }
      });
    } catch (error) {
      if (done.size === 0 || !this.results.some((r) => r.row === row && r.outcome === 'FAIL'))
        note(
          'the row itself',
          'FAIL',
          error instanceof Error ? (error.stack ?? '') : String(error),
        );
    }
    for (const check of expected) if (!done.has(check)) note(check, 'not reached', '');
    const bad = this.results.filter((r) => r.row === row && r.outcome !== 'ok').length;
    this.say(
      `${part} ${row.join(' ')}: ${done.size} checks, ${bad === 0 ? 'all ok' : `${bad} bad`}`,
    );
  }

  /** Rows of one part, a column for each check. */
  tableByRow(part: string, header: readonly string[], columns: readonly string[]): string[] {
    const rows = new Map<string, Result[]>();
    for (const result of this.results.filter((r) => r.part === part)) {
      const key = result.row.join('\t');
      rows.set(key, [...(rows.get(key) ?? []), result]);
    }
    const cell = (of: readonly Result[], check: string) =>
      of.find((r) => r.check === check)?.outcome ?? '-';
    return formatTable(
      [...header, ...columns],
      [...rows].map(([key, of]) => [...key.split('\t'), ...columns.map((name) => cell(of, name))]),
    );
  }

  /** Checks of one part, a column for each row, and what the last of them saw. */
  tableByCheck(part: string, title: string): string[] {
    const results = this.results.filter((r) => r.part === part);
    const columns = [...new Set(results.map((r) => r.row.join(' ')))];
    const checks = [...new Set(results.map((r) => r.check))];
    return formatTable(
      [title, ...columns, 'SEEN'],
      checks.map((check) => {
        const of = results.filter((r) => r.check === check);
        const cell = (column: string) => of.find((r) => r.row.join(' ') === column)?.outcome ?? '-';
        return [check, ...columns.map(cell), shorten(of.at(-1)?.words ?? '')];
      }),
    );
  }

  get failed(): number {
    return this.results.filter(({ outcome }) => outcome !== 'ok').length;
  }

  get passed(): number {
    return this.results.length - this.failed;
  }

  /** In the fields of `jest --json` that .ci/sum-results.mjs reads. */
  write(file: string): void {
    const { passed: numPassedTests, failed: numFailedTests, results } = this;
    const none = { numRuntimeErrorTestSuites: 0, numPendingTests: 0, numTodoTests: 0 };
    writeFileSync(file, JSON.stringify({ numPassedTests, numFailedTests, ...none, results }));
  }
}

const MAX_WORDS = 160;

function shorten(words: string): string {
  const line = words.replace(/\s+/g, ' ');
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS - 3)}...` : line;
}
