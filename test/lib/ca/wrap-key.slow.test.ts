/** PyCA, Python's `cryptography`, unwraps what Cakeless wraps. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { wrapPrivateKey } from '../../../lib/ca/wrap-key.ts';
import { ministackPrograms } from '../../stand-in/ministack-program.ts';
import { pkcs8Of, spkiOf, WRAPPINGS } from '../../support/keys-to-wrap.ts';

/** MiniStack needs PyCA, so its Python has it. */
const { ministack: python } = ministackPrograms();
const missing = existsSync(python)
  ? ''
  : ' [PyCA is not installed: run test/tools/install.sh ministack]';
const required = process.env.CAKELESS_REQUIRE_JUDGES === '1';

(missing && !required ? describe.skip : describe)(`PyCA${missing}`, () => {
  let unwrapped: Buffer[];

  beforeAll(() => {
    const questions = WRAPPINGS.map(({ key, wrapping }) => [
      pkcs8Of(wrapping),
      wrapPrivateKey(pkcs8Of(key), spkiOf(wrapping), randomBytes),
    ]);
    const input = JSON.stringify(
      questions.map((question) => question.map((octets) => octets.toString('base64'))),
    );
    const output = execFileSync(python, ['test/support/unwrap_with_pyca.py'], { input });
    const texts: string[] = JSON.parse(output.toString());
    unwrapped = texts.map((text) => Buffer.from(text, 'base64'));
  });

  it.each(WRAPPINGS.map((wrapping, which) => ({ ...wrapping, which })))(
    'unwraps a key of $spec that is wrapped under a key of $bits bits',
    ({ key, which }) => {
      expect(unwrapped[which]?.equals(pkcs8Of(key))).toBe(true);
    },
  );
});
