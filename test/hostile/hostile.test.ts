/** Each hostile file is refused for exactly the expected reasons; `make.ts` says how to add one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { VIOLATION_CODES, type Violation } from '../../lib/refusal/violation.ts';
import { judgeUpload } from './setting.ts';

const FOLDER = resolve('test', 'hostile', 'files');
const expected = JSON.parse(
  readFileSync(resolve('test', 'hostile', 'expected.json'), 'utf8'),
) as Record<string, { at: string; codes: string[] }>;

const present = readdirSync(FOLDER).flatMap((group) =>
  readdirSync(join(FOLDER, group)).map((file) => `${group}/${file}`),
);

it('the table names all files, and no others', () => {
  expect(present.sort()).toEqual(Object.keys(expected).sort());
});

it.each(Object.entries(expected))('%s', (file, { at, codes }) => {
  const body = readFileSync(join(FOLDER, file));
  const violations = judgeUpload(at, body);
  expect([...new Set(violations.map(({ code }) => code))].sort()).toEqual(codes);
  for (const violation of violations) expectReadable(violation, body);
  // an upload must not make the service store much more than was uploaded
  expect(JSON.stringify(violations).length).toBeLessThan(16 * 1024);
});

/** Reports are shown to people and in terminals: complete, in plain characters, and without bytes of the upload. */
function expectReadable(violation: Violation, body: Buffer): void {
  expect(Object.keys(VIOLATION_CODES)).toContain(violation.code);
  for (const text of Object.values(violation)) {
    expect(text).not.toBe('');
    expect(text).toMatch(/^[\x20-\x7e]*$/);
    expect(text).not.toContain('-----BEGIN');
  }
  const lines = body.toString('latin1').match(/[A-Za-z0-9+/=]{48,}/g) ?? [];
  for (const line of lines) expect(violation.got).not.toContain(line);
}
