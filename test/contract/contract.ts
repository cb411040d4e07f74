/** Runs a contract on any implementation of AWS. Where one is known to differ, it must differ exactly as listed. */
import { stripVTControlCharacters } from 'node:util';
import type { ContractEndpoint } from './endpoint.ts';

/** What a suite of the contract gets. */
export interface Contract {
  /** Jest's own, or one that knows the listed differences. */
  readonly it: Pick<jest.It, 'each'> & ((title: string, body: () => Promise<unknown>) => void);
  open(): Promise<ContractEndpoint>;
}

type Body = (...args: never[]) => unknown;

/** One way in which an implementation is not AWS. */
export interface Difference {
  /** What it does instead. */
  readonly does: string;
  /** What the failed test prints: without this, another fault could hide behind the difference. */
  readonly shows: RegExp;
  /** What AWS's documentation says. */
  readonly aws: string;
  readonly link: string;
}

/** Keyed by the full title of the test. */
export type Differences = Readonly<Record<string, Difference>>;

/** @returns the contract, and `unused`, which returns the titles of differences that no test has */
export function contractWith(open: () => Promise<ContractEndpoint>, differences: Differences = {}) {
  const met = new Set<string>();
  const judged =
    (body: Body): Body =>
    async (...args) => {
      const title = expect.getState().currentTestName ?? '';
      const difference = differences[title];
      if (difference !== undefined) {
        met.add(title);
        await mustDiffer(difference, async () => body(...args));
      } else await body(...args);
    };
  const each = (table: readonly unknown[]) => (title: string, body: Body) =>
    globalThis.it.each(table as unknown[][])(title, judged(body) as never);
  const it = Object.assign(
    (title: string, body: Body) => globalThis.it(title, judged(body) as never),
    { each: each as unknown as jest.It['each'] },
  );
  const contract: Contract = { it, open };
  return { contract, unused: () => Object.keys(differences).filter((title) => !met.has(title)) };
}

async function mustDiffer(difference: Difference, body: () => Promise<unknown>): Promise<void> {
  const failure = await body().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) {
    throw new Error(
      `it now does what AWS does: remove the difference from the list (${difference.does})`,
    );
  }
  const plain = stripVTControlCharacters(String(failure));
  if (!difference.shows.test(plain)) throw failure;
}
