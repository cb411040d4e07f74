/** Values of flags are replaced in the source of a manifest; every other byte stays. */
import { CommandError } from '../../../../client/errors.ts';
import { editFlags } from '../../../../client/node/restart/edit-flags.ts';

const pod = (lists: string) => `spec:\n  containers:\n  - ${lists}\n    image: x\n`;
const block = (...words: string[]) =>
  pod(`command:\n${words.map((word) => `    - ${word}`).join('\n')}`);
const edit = (text: string, value = '') =>
  editFlags(text, 'pod.yaml', (name) => (name.startsWith('key') ? value : undefined));

const cases: [sentence: string, before: string, after: string][] = [
  ['plain', block('kcm', '--key-file=/a', '--x=1'), block('kcm', '--key-file=', '--x=1')],
  ['in double quotes', block('kcm', '"--key-file=/a"'), block('kcm', '"--key-file="')],
  ['in single quotes', block('kcm', "'--key-file=/a'"), block('kcm', "'--key-file='")],
  ['with a comment', block('--key-file=/a # here'), block('--key-file= # here')],
  ['with the value in the next word', block('--key', '/a', '--x'), block('--key', '""', '--x')],
  ['with underscores', block('--key_file=/a'), block('--key_file=')],
  ['several times', block('--key=/a', '--x', '--key=/b'), block('--key=', '--x', '--key=')],
  ['in a list in brackets', pod('args: [a, --key=/a, --x]'), pod('args: [a, --key=, --x]')],
  [
    'in JSON',
    '{"spec":{"containers":[{"args":["--key=/a"]}]}}',
    '{"spec":{"containers":[{"args":["--key="]}]}}',
  ],
  [
    'with CRLF',
    block('a', '--key=/a').replaceAll('\n', '\r\n'),
    block('a', '--key=').replaceAll('\n', '\r\n'),
  ],
  ['empty already', block('kcm', '--key='), block('kcm', '--key=')],
  ['absent', block('kcm', '--x=--key=1'), block('kcm', '--x=--key=1')],
];

it.each(cases)('a flag %s', (_, before, after) => {
  expect(edit(before)).toBe(after);
});

it('gets a value', () => {
  expect(edit(block('--key-a=', "'--key-b='", '--key', '""'), '/etc/x.key')).toBe(
    block('--key-a=/etc/x.key', "'--key-b=/etc/x.key'", '--key', '"/etc/x.key"'),
  );
});

const refused: [sentence: string, text: string, value?: string][] = [
  ['an anchor', block('&a --key=/a', '*a')],
  ['a list that an alias repeats', `x: &l [--key=/a]\n${pod('args: *l')}`],
  ['a list with an anchor', `${pod('args: &l [--key=/a]')}x: *l\n`],
  ['several lines', block('>-\n        --key=/a\n        b')],
  ['a value that needs quotes', block('--key='), '/a b'],
  ['something that is not YAML', 'a: ['],
];

it.each(refused)('refuses %s', (...[, text, value]) => {
  expect(() => edit(text, value)).toThrow(CommandError);
});
