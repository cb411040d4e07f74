/** Finds the phrases of idioms.ts in a text, also where a comment or a paragraph breaks them over two lines. */
import { IDIOMS } from './idioms.ts';

export interface Found {
  /** The line that the phrase begins on, from 1. */
  readonly line: number;
  readonly phrase: string;
  readonly instead: string;
}

export function findIdioms(file: string, text: string): Found[] {
  const passages = passagesOf(text.split('\n'), file.endsWith('.md') ? 'prose' : 'code');
  return passages.flatMap((passage) => findIn(passage));
}

/** Lines that are read as one. */
interface Passage {
  readonly text: string;
  /** Where each line begins in the text. */
  readonly starts: readonly { readonly at: number; readonly line: number }[];
}

/** What a comment begins its lines with. */
const LEADER = /^\s*(?:\/\*\*?|\*\/|\*|\/\/|#)\s?/;

/** A paragraph or a comment is one passage, and so is each line of code. */
function passagesOf(lines: readonly string[], kind: 'prose' | 'code'): Passage[] {
  const passages: Passage[] = [];
  let isOpen = false;
  for (const [i, line] of lines.entries()) {
    const continues = kind === 'prose' ? line.trim() !== '' : LEADER.test(line);
    const words = (kind === 'prose' ? line : line.replace(LEADER, '')).trim();
    const open = isOpen && continues ? passages.pop() : undefined;
    passages.push(joined(open ?? { text: '', starts: [] }, words, i + 1));
    isOpen = continues;
  }
  return passages;
}

function joined({ text, starts }: Passage, words: string, line: number): Passage {
  const before = text === '' ? '' : `${text} `;
  return { text: before + words, starts: [...starts, { at: before.length, line }] };
}

function findIn({ text, starts }: Passage): Found[] {
  // testing first: matchAll makes a new expression, for each of many phrases in each of many lines
  const matches = IDIOMS.filter(({ pattern }) => pattern.test(text)).flatMap(
    ({ pattern, instead }) =>
      [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].map((match) => ({
        at: match.index,
        phrase: match[0],
        instead,
      })),
  );
  return matches
    .sort((a, b) => a.at - b.at)
    .map(({ at, phrase, instead }) => ({
      line: starts.findLast((start) => start.at <= at)?.line ?? 0,
      phrase,
      instead,
    }));
}
