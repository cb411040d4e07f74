/** Requests from the test data of other projects: what other parsers refuse is refused here, and most of the rest. */
import { readRequest } from '../../lib/csr/read-request.ts';
import { judgeRequest } from '../../lib/policy/judge-request.ts';
import { CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import { ACCEPTED_BY_THE_DOOR } from './corpus-accepted.ts';
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

it('the list of what the door accepts says why, and is in order', () => {
  const names = Object.keys(ACCEPTED_BY_THE_DOOR);
  expect(names).toEqual([...names].sort());
  for (const reason of Object.values(ACCEPTED_BY_THE_DOOR)) expect(reason).not.toBe('');
});

// Declared only where the corpus is at hand: see `corpusRoot`.
for (const { name, bytes, refusedElsewhere } of files) {
  it(`${name} is judged as it should be`, () => {
    const door = readRequest(bytes);
    const { request, violations } = door;
    const accepted = name in ACCEPTED_BY_THE_DOOR;
    expect({ accepted: request !== undefined }).toEqual({ accepted });
    expect(accepted && refusedElsewhere).toBe(false);
    expect(violations.length > 0).toBe(!accepted);
    for (const certificateName of request ? CERTIFICATE_NAMES : []) {
      const context = { address, certificateName, record, uploader: undefined };
      expect(judgeRequest(door, context).violations).not.toEqual([]);
    }
  });
}

if (root !== undefined)
  it('the list names no file that is not in the corpus', () => {
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(ACCEPTED_BY_THE_DOOR)));
  });
