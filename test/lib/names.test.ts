import { isDnsName, isSubdomain, MAX_NODE_NAME_LENGTH } from '../../lib/names.ts';

const label63 = 'a'.repeat(63);
const of253 = [label63, label63, label63, 'a'.repeat(61)].join('.');

it.each([
  ['one letter', 'a', true],
  ['digits only', '10', true],
  ['labels with hyphens and dots', 'cp-1.prod.example.com', true],
  ['a label of 63', label63, true],
  ['253 characters', of253, true],
  ['254 characters', `${of253}a`, false],
  ['a label of 64', `${label63}a`, false],
  ['nothing', '', false],
  ['upper case', 'Prod', false],
  ['a leading hyphen', '-a', false],
  ['a hyphen at the end of a label', 'a-.b', false],
  ['a leading dot', '.a', false],
  ['a dot at the end', 'a.', false],
  ['two dots', 'a..b', false],
  ['parent folder', '..', false],
  ['an underscore', 'a_b', false],
  ['a slash', 'a/b', false],
  ['a line break at the end', 'a\n', false],
  ['a look-alike letter', '\u0430', false],
  ['an escape', '%2e', false],
])('a subdomain: %s', (_, text, holds) => {
  expect(isSubdomain(text)).toBe(holds);
});

it.each([
  ['a subdomain', 'api.example.com', true],
  ['a wildcard as first label', '*.example.com', true],
  ['a wildcard over one label', '*.local', true],
  ['a wildcard alone', '*', false],
  ['a wildcard and a dot', '*.', false],
  ['two wildcards', '*.*.example.com', false],
  ['a wildcard in the middle', 'a.*.com', false],
  ['a wildcard in part of a label', 'a*.example.com', false],
  ['a name that is too long with its wildcard', `*.${of253}`, false],
])('a DNS name: %s', (_, text, holds) => {
  expect(isDnsName(text)).toBe(holds);
});

it("the longest node name fits into kubelet.conf's common name", () => {
  expect(`system:node:${'n'.repeat(MAX_NODE_NAME_LENGTH)}`).toHaveLength(64);
});
