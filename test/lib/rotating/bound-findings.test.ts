/** What is left out of what a gate found, and in which order the rest is. */
import { boundFindings, todoAbout } from '../../../lib/rotating/bound-findings.ts';
import { RotatingFleet } from '../../support/rotating-fleet.ts';

const missingOf = (length: number, why = 'x') =>
  Array.from({ length }, (_, i) => ({ subject: `prod/node/n${i}`, why, fix: `fix ${i % 70}` }));
const progress = [{ what: 'workers', done: 1, of: 2 }];

it.each([
  ['nothing', 0, 0, 'x', 0, 0, 0],
  ['as much as fits', 1000, 100, 'x', 1000, 0, 0],
  ['one too many', 1001, 101, 'x', 1000, 1, 1],
  ['a fleet', 30_000, 4000, 'x', 1000, 29_000, 3900],
  ['long texts', 1000, 0, 'x'.repeat(5000), 415, 585, 0],
])('of %s', (_, missing, notes, why, listed, leftMissing, leftNotes) => {
  const bound = boundFindings({
    missing: missingOf(missing, why),
    notes: Array.from({ length: notes }, (_, i) => `note ${i}`),
    progress,
  });
  expect(bound.missing).toHaveLength(listed);
  expect(bound.missing.at(-1)?.subject).toBe(missingOf(listed).at(-1)?.subject);
  expect(bound.leftOut).toEqual({ missing: leftMissing, notes: leftNotes });
  expect([bound.notes.length, bound.progress]).toEqual([notes - leftNotes, progress]);
  expect(JSON.stringify(bound).length).toBeLessThan(2.5 * 1024 * 1024);
});

it('says each thing to do once, with the subjects that it concerns', () => {
  const about = (subject: string, fix: string) => ({ subject, why: 'x', fix });
  const missing = [
    about('b', 'renew'),
    about('b', 'renew'),
    about('a', 'wait'),
    ...['c', 'd', 'e', 'f'].map((subject) => about(subject, 'renew')),
  ];
  expect(todoAbout(missing)).toEqual({
    todo: ['b, c, d and 2 more: renew', 'a: wait'],
    leftOut: 0,
  });
  expect(todoAbout(missingOf(70))).toMatchObject({ leftOut: 20 });
});

it('control planes come before objects of clusters, and workers last; each by the name of the cluster', async () => {
  const fleet = await RotatingFleet.open({ gate: 'retire' }, ['b', 'a']);
  fleet.authority.seed('clusters/broken.json', 'x');
  for (const cluster of ['a', 'b']) {
    for (const node of ['worker-1', 'cp-2']) fleet.reportNode(node, { caFiles: [] }, { cluster });
    fleet.reportCluster(cluster, { unavailable: ['v1.metrics'] });
  }
  const { missing } = await fleet.examine();
  expect([...new Set(missing.map(({ subject }) => subject))]).toEqual([
    'broken/record/cluster',
    'a/node/cp-2',
    'b/node/cp-2',
    'a/apiservice/v1.metrics',
    'b/apiservice/v1.metrics',
    'a/node/worker-1',
    'b/node/worker-1',
  ]);
});
