/** The app of infra/, deployed to MiniStack by the unchanged CDK, and the service that it creates. */
import { describeWithMinistack } from '../stand-in/ministack-program.ts';
import { ALL_STEPS, Trial } from './steps.ts';

describeWithMinistack('deployed', () => {
  const failures = new Map<string, unknown>();
  let trial: Trial | undefined;

  // In order, one after the other: Jest runs the tests in random order.
  beforeAll(async () => {
    trial = await Trial.start();
    for (const { name, run } of ALL_STEPS) {
      try {
        await run(trial);
        failures.set(name, undefined);
      } catch (error) {
        failures.set(name, error);
      }
    }
  }, 600_000);

  afterAll(() => trial?.ministack.stop());

  it.each(ALL_STEPS)('$name', ({ name }) => {
    expect(failures.has(name)).toBe(true);
    const failure = failures.get(name);
    if (failure !== undefined) throw failure;
  });
});
