/** Holds an answer against everything that the node knows. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { Trust } from '../trust/ca-change.ts';
import { findProblems, type Problem } from '../trust/check-certificate.ts';
import type { Answer } from './answers.ts';

export interface CheckedAnswer {
  readonly answer: Answer;
  /** Everything that speaks against installing it; empty if nothing does. */
  readonly problems: readonly string[];
  /** Whether it can never become good: then the request is closed, and the next run asks anew. */
  readonly isSpent: boolean;
}

/** What another clock cures may become good by itself, what other CA files cure only where there are others. */
export function checkAnswer(
  answer: Answer,
  trust: Trust,
  now: Date,
  folders: NodeFolders,
): CheckedAnswer {
  const found = problemsOf(answer, trust, now);
  const problems = found.length > 0 ? found : findReplay(answer, folders);
  const differs = trust.differing.has(profileOf(answer.name).ca);
  const isSpent = problems.some(
    ({ cure }) => cure === 'none' || (cure === 'ca-change' && !differs),
  );
  return { answer, problems: problems.map(({ text }) => text), isSpent };
}

function problemsOf({ name, staged, chainPem = '' }: Answer, trust: Trust, now: Date): Problem[] {
  const never = (text: string): Problem[] => [{ text, cure: 'none' }];
  if (!staged) return never('its key or CSR is gone from this node');
  const { request } = readRequest(readFileSync(staged.csrFile));
  if (!request) return never(`${staged.csrFile} can not be read`);
  const profile = profileOf(name);
  const trustBundle = trust.bundles.get(profile.ca) ?? '';
  const expected = { profile, request, key: request.key.keyObject, trustBundle, now };
  try {
    return findProblems(chainPem, expected);
  } catch (error) {
    return never(`it can not be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * With the same key an old answer fits, too: the certificate that this one should replace, or one from before it. A new
 * certificate begins later, or ends later: `sign` dates it from now on, and a CA's end may cap it.
 */
function findReplay({ name, request, chainPem = '' }: Answer, folders: NodeFolders): Problem[] {
  const place = readPlace(placeOf(name, folders));
  if (place.state !== 'present') return [];
  const [came, there] = [new X509Certificate(chainPem), place.leaf];
  const isReplaced = request.replaces?.[name] === came.fingerprint256;
  const isOlder =
    Date.parse(came.validFrom) < Date.parse(there.validFrom) &&
    Date.parse(came.validTo) <= Date.parse(there.validTo);
  if (!isReplaced && !isOlder) return [];
  const what = isReplaced
    ? 'the certificate that it should replace'
    : 'older than the one in place';
  return [{ text: `it is ${what}: an old answer came again`, cure: 'none' }];
}
