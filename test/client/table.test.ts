/** Tables fit the terminal; what is piped, or asked for with -o wide, is complete. */
import { eastAsianWidth } from 'get-east-asian-width';
import { type Column, fitTable, layOut, type Table } from '../../client/table.ts';
import { printLines } from '../../client/terminal.ts';
import { Random } from '../support/random.ts';

const COLUMNS: readonly Column[] = [
  'NAME',
  { title: 'SUBJECT', cut: 'end' },
  { title: 'UPLOADER', cut: 'end', drop: 1 },
  { title: 'SINCE', drop: 2 },
  'KEY',
];
const ROW = [
  'cp-1',
  'O=system:masters, CN=kubernetes-admin',
  'AWS:AROAEXAMPLE:i-0123456789',
  '2026-11-24T12:00:00Z',
  'prod/cp-1/r1/admin.conf.csr',
];
const TABLE: Table = { columns: COLUMNS, rows: [ROW] };

const shown = (width: number, table = TABLE) => {
  const fitted = fitTable(table, width);
  return { lines: layOut(fitted), dropped: fitted.dropped, isCut: fitted.isCut };
};

describe('a table', () => {
  it('that fits is printed in full', () => {
    expect(shown(200)).toEqual({ lines: layOut(TABLE), dropped: [], isCut: false });
  });

  it('shortens its widest free text first', () => {
    expect(shown(115)).toEqual({
      lines: [
        'NAME   SUBJECT                      UPLOADER                     SINCE                  KEY',
        'cp-1   O=system:masters, CN=kube…   AWS:AROAEXAMPLE:i-0123456…   2026-11-24T12:00:00Z   prod/cp-1/r1/admin.conf.csr',
      ],
      dropped: [],
      isCut: true,
    });
  });

  it('leaves out columns in their order, and then shortens no more than it has to', () => {
    expect(shown(90)).toMatchObject({ dropped: ['UPLOADER'], isCut: true });
    expect(shown(75)).toEqual({
      lines: [
        'NAME   SUBJECT                                 KEY',
        'cp-1   O=system:masters, CN=kubernetes-admin   prod/cp-1/r1/admin.conf.csr',
      ],
      dropped: ['UPLOADER', 'SINCE'],
      isCut: false,
    });
  });

  it('may have more rows than a call can have arguments, and values of any length', () => {
    const rows = [
      ...Array.from({ length: 150_000 }, () => ['a', 'b']),
      ['c', 'x'.repeat(1_000_000)],
    ];
    const { lines } = shown(30, { columns: ['NAME', { title: 'TEXT', cut: 'end' }], rows });
    expect(lines).toHaveLength(150_002);
    expect(lines.at(-1)).toBe(`c      ${'x'.repeat(22)}…`);
  });

  it('takes back a column that fits once wider ones are left out, the most useful first', () => {
    const columns: readonly Column[] = [
      { title: 'A', drop: 3 },
      { title: 'B', drop: 2 },
      { title: 'C', drop: 1 },
      'KEY',
    ];
    const rows = [['a'.repeat(20), 'b'.repeat(6), 'c'.repeat(3), 'k'.repeat(10)]];
    const droppedAt = (width: number) => shown(width, { columns, rows }).dropped;
    // whole, it takes 48 columns
    expect([48, 42, 41, 25, 24, 19, 18, 15].map(droppedAt)).toEqual([
      [],
      ['C'],
      ['B'],
      ['A'],
      ['A', 'C'],
      ['A', 'C'],
      ['A', 'B'],
      ['A', 'B', 'C'],
    ]);
  });

  it('shortens free text further to take back a column, but not one that would be shortened itself', () => {
    const columns: readonly Column[] = [
      { title: 'A', drop: 3 },
      { title: 'B', drop: 2 },
      { title: 'C', drop: 1, cut: 'end' },
      { title: 'TEXT', cut: 'end' },
    ];
    const rows = [['a'.repeat(20), 'b'.repeat(4), 'c'.repeat(18), 't'.repeat(30)]];
    expect(shown(38, { columns, rows })).toEqual({
      lines: ['B      TEXT', `bbbb   ${'t'.repeat(30)}`],
      dropped: ['A', 'C'],
      isCut: false,
    });
    expect(shown(30, { columns, rows })).toEqual({
      lines: ['B      TEXT', `bbbb   ${'t'.repeat(22)}…`],
      dropped: ['A', 'C'],
      isCut: true,
    });
  });

  it.each([
    ['is shortened at its start', 'arn:aws:kms:key/1234', '…ws:kms:key/1234'],
    ['does not begin with an accent', 'e\u0301'.repeat(20), `…${'e\u0301'.repeat(15)}`],
    ['of wide characters fits', '東京'.repeat(8), '…京東京東京東京'],
  ])('a value that differs at its end %s', (_, text, cut) => {
    const table = { columns: ['A', { title: 'B', cut: 'start' as const }], rows: [['x', text]] };
    expect(shown(20, table).lines[1]).toBe(`x   ${cut}`);
  });

  it('never shortens what the next command needs, even if it does not fit', () => {
    const { lines, dropped } = shown(20);
    expect(lines[1]).toBe(`cp-1   ${ROW[1]}   ${ROW[4]}`);
    expect(dropped).toEqual(['UPLOADER', 'SINCE']);
  });

  it.each([
    ['that a terminal shows in two columns', '東京東京東京東京東京東京', '東京東京東京東…'],
    ['with accents that follow', 'e\u0301'.repeat(30), `${'e\u0301'.repeat(15)}…`],
    ['outside the basic plane', '😀'.repeat(12), `${'😀'.repeat(7)}…`],
    ['that are shown by their codes', 'a\x1b'.repeat(5), 'a\\u001ba\\u001ba…'],
  ])('counts characters %s as the terminal does', (_, text, cut) => {
    const table = { columns: ['A', { title: 'B', cut: 'end' as const }], rows: [['x', text]] };
    expect(shown(20, table).lines[1]).toBe(`x   ${cut}`);
  });

  it('pads by the visible width, so that columns stay aligned', () => {
    const lines = layOut({
      columns: ['A', 'B'],
      rows: [
        ['東京', '1'],
        ['e\u0301', '2'],
        ['abcd', '3'],
      ],
    });
    expect(lines).toEqual(['A      B', '東京   1', 'e\u0301      2', 'abcd   3']);
  });
});

it('no line of a random table is wider than the terminal, if its whole columns fit', () => {
  const random = new Random(7);
  for (let i = 0; i < 300; i += 1) {
    const columns = Array.from(
      { length: 2 + random.below(4) },
      (_, at): Column =>
        at === 0
          ? 'NAME'
          : { title: `C${at}`, ...(random.chance(0.5) && { cut: 'end' }), drop: at },
    );
    const cell = () => 'ab東é '.charAt(random.below(5)).repeat(random.below(40));
    const rows = Array.from({ length: 1 + random.below(4) }, () => [
      'n1',
      ...columns.slice(1).map(cell),
    ]);
    const width = 20 + random.below(100);
    for (const line of shown(width, { columns, rows }).lines)
      expect(
        [...line].reduce((sum, one) => sum + eastAsianWidth(one.codePointAt(0) ?? 0), 0),
      ).toBeLessThanOrEqual(width);
  }
});

describe('printed', () => {
  const print = (columns: number | undefined, format: 'text' | 'wide') => {
    const printed: string[] = [];
    const said: string[] = [];
    const terminal = {
      print: (line: string) => void printed.push(line),
      progress: (line: string) => void said.push(line),
      columns,
    };
    printLines(terminal, format, ['before', TABLE, TABLE, 'after']);
    return { printed, said };
  };
  const complete = ['before', ...layOut(TABLE), ...layOut(TABLE), 'after'];

  it.each([
    ['to a file or a pipe', undefined, 'text'],
    ['with -o wide', 80, 'wide'],
    ['to a terminal that does not know its width', 0, 'text'],
  ] as const)('%s, it is complete', (_, columns, format) => {
    expect(print(columns, format)).toEqual({ printed: complete, said: [] });
  });

  it('to a terminal, it fits, and one note says what is missing', () => {
    const { printed, said } = print(80, 'text');
    expect(printed.filter((line) => line.length > 80)).toEqual([]);
    expect(said).toEqual([
      'note: left out to fit the terminal: UPLOADER; -o wide shows everything',
    ]);
    expect(print(120, 'text').said).toEqual([
      'note: shortened to fit the terminal; -o wide shows everything',
    ]);
  });
});
