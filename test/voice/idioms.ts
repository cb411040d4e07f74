/**
 * Phrases that do not belong in this project's English, with what to write instead (docs/style.md). A phrase is added
 * when it has been found twice, so that fixed phrases do not come back.
 */

export interface Idiom {
  readonly pattern: RegExp;
  /** What a native engineer writes. */
  readonly instead: string;
}

const phrase = (pattern: RegExp, instead: string): Idiom => ({ pattern, instead });

export const IDIOMS: readonly Idiom[] = [
  phrase(/\bcan not\b/i, 'cannot'),
  phrase(/[\u2018\u2019\u201c\u201d]/, 'straight quotes (\' and ")'),
  phrase(/\banew\b/i, 'again, or new'),
  phrase(/\b(?:is|are|was|were) none\b/i, 'there is no …, is missing, does not exist'),
  phrase(/\bgo(?:es|ne)? on with\b|\bgoing on with\b|\bwent on with\b/i, 'resume, continue with'),
  phrase(/\b(?:is|are) gone with\b/i, 'goes away with, is deleted with'),
  phrase(/\bheld? against\b|\bholds? \w+ against\b/i, 'compare with, check against'),
  phrase(
    /\bstand(?:s|ing)? in for\b|\bstood in for\b/i,
    'replaces, is a substitute for (the noun "stand-in" is fine)',
  ),
  phrase(/\ball the same\b/i, 'anyway, even so, still'),
  phrase(/\bwhoever\b/i, 'anyone who, the person who, the caller'),
  phrase(/\bwhosoever\b|\bwhomever\b/i, 'anyone who'),
  phrase(/\bends? with \d+\b|\bends? with exit code\b/i, 'exits with'),
  phrase(/\bcut off\b|\bcut-off\b/i, 'interrupted (a process), truncated (data)'),
  phrase(/\bby itself\b/i, 'automatically, on its own, alone'),
  phrase(/\bof (?:its|their|our|one's|your) own\b/i, 'its own …'),
  phrase(/\bcomes? to an end\b|\bcame to an end\b/i, 'ends, finishes, expires'),
  phrase(/\bcomes? to nothing\b/i, 'fails, has no effect'),
  phrase(/\bcan come to\b|\bcomes to\b/i, 'results in, amounts to, reaches'),
  phrase(/\bsay(?:s)? more\b/i, 'see …'),
  phrase(/\btell(?:s)? of\b|\btold of\b/i, 'report, name, describe'),
  phrase(/\bknows? nothing of\b|\bsays? nothing of\b/i, 'does not know, does not mention'),
  phrase(/\blet(?:s)? pass\b/i, 'allow, accept'),
  phrase(/\bas it must be\b|\bas they must be\b/i, 'as expected, valid'),
  phrase(/\bis not to be had\b|\bare not to be had\b|\bnot to be had\b/i, 'is not available'),
  phrase(/\bis to be had\b|\bcan be had\b/i, 'is available'),
  phrase(/\bnobody's\b/i, 'reserved, unowned'),
  phrase(/\bwhat is there\b/i, 'what exists, the existing …'),
  phrase(/\b(?:is|are) there already\b|\bthere already\b/i, 'already exists'),
  phrase(/\bis not there\b|\bare not there\b|\bwas not there\b/i, 'does not exist, is missing'),
  phrase(
    /\bthe way of a (?:CSR|certificate|request)\b/i,
    'how a CSR is processed, the path of a CSR',
  ),
  phrase(/\bthe way back\b|\bway back\b/i, 'rollback'),
  phrase(/\bin the place of\b|\bin place of\b/i, 'instead of'),
  phrase(/\bspeaks? against\b/i, 'is an objection to'),
  phrase(/\bfrom then on\b/i, 'after that'),
  phrase(/\bas good as\b/i, 'equivalent to'),
  phrase(/\bmakes? good\b/i, 'fixes, recovers'),
  phrase(/\bof no (?:good|use)\b|\bis no good\b|\bare no good\b/i, 'is invalid, is useless'),
  phrase(/\bhas to do with\b/i, 'concerns'),
  phrase(/\bsomebody else's\b/i, "another user's, another principal's"),
  phrase(/\bbut for\b/i, 'except for'),
  phrase(/\bsave for\b/i, 'except for'),
  phrase(/\bbeforehand\b/i, 'in advance, first'),
  phrase(
    /\bhitherto\b|\bthereof\b|\bwhereof\b|\btherein\b|\bthereby\b|\bwherewith\b/i,
    'plain words',
  ),
  phrase(/\bnor\b(?=[^.]*\bneither\b)/i, 'neither … nor'),
  phrase(/\blies? (?:in|at|below|beside|under|on disk|there|where)\b/i, 'is in, is at, is under'),
  phrase(/\bstands? (?:in|at|there|beside|below|under)\b/i, 'is in, is at'),
  phrase(/\bthe world\b/i, 'the dependencies, the outside, I/O'),
  phrase(/\bto do with it\b/i, 'what applies'),
  phrase(/\bwants (?:a|an|the|to)\b/i, 'needs, requires, expects'),
  phrase(/\bthe door\b/i, 'the CSR reader'),
  phrase(/\bwish(?:es)?\b/i, 'options, request'),
  phrase(/\bsays? yes\b|\bsays? no\b/i, 'approves, refuses'),
  phrase(/\bis well\b|\bare well\b|\bunwell\b|\bnot well\b/i, 'healthy, unhealthy'),
  phrase(/\bto (?:its|their) end\b/i, 'to completion'),
  phrase(/\bkeeps? no\b|\bkeeps? nobody\b|\bkeeps? nothing\b/i, 'does not block, does not delay'),
  phrase(/\bat the latest\b/i, 'by, no later than'),
];
