/** Certificates of every name from CAs of every form, judged by programs that share no code with the project. */
import { adoptedSets } from '../../support/adopted-cas.ts';
import { questionsAbout } from '../../support/adopted-leaves.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';

describe.each(adoptedSets())('CAs of %s', (set) => {
  itWithJudges('have leaves that OpenSSL and Go accept, for their use and their names', async () => {
    const judgements = judgeChain(await questionsAbout(set), ['openssl', 'go']);
    expect(judgements.length).toBeGreaterThan(20);
    expect(judgements.filter(({ ok }) => !ok)).toEqual([]);
  }, ['openssl', 'go']);
});
