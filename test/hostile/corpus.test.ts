/** Requests from the test data of other projects: those that other parsers refuse are refused here, and most others. */

import { readRequest } from '../../lib/csr/read-request.ts';
import { judgeNodeRequest } from '../../lib/policy/judge-node.ts';
import { CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import { DEFAULT_RULE } from '../../lib/trust-domain-rules.ts';
import { ACCEPTED_BY_READER } from './corpus-accepted.ts';
import { corpusRoot, listCorpus } from './csr-corpus.ts';
import { record } from './setting.ts';

const root = corpusRoot();
const files = root === undefined ? [] : listCorpus(root);

const address = {
  key: 'requests/prod/cp-1.prod.example.com/r1/x.csr',
  cluster: 'prod',
  node: 'cp-1.prod.example.com',
  requestId: 'r1',
  path: 'x.csr',
};

it('the list of accepted files gives reasons, and is sorted', () => {
  const names = Object.keys(ACCEPTED_BY_READER);
  expect(names).toEqual([...names].sort());
  for (const reason of Object.values(ACCEPTED_BY_READER)) expect(reason).not.toBe('');
});

// Only if the corpus is available: see `corpusRoot`.
for (const { name, bytes, refusedElsewhere } of files) {
  it(`${name} is judged as expected`, () => {
    const reading = readRequest(bytes);
    const { request, violations } = reading;
    const accepted = name in ACCEPTED_BY_READER;
    expect({ accepted: request !== undefined }).toEqual({ accepted });
    expect(accepted && refusedElsewhere).toBe(false);
    expect(violations.length > 0).toBe(!accepted);
    for (const certificateName of request ? CERTIFICATE_NAMES : []) {
      const { maxValiditySeconds } = DEFAULT_RULE;
      const context = { address, certificateName, record, uploader: undefined, maxValiditySeconds };
      expect(judgeNodeRequest(reading, context).violations).not.toEqual([]);
    }
  });
}

if (root !== undefined)
  it('the list names only files of the corpus', () => {
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(ACCEPTED_BY_READER)));
  });
