/** `trust-domain adopt` is killed at each of its calls. */
import { expectAdopted, POINTS, world } from './adopt.ts';

class Killed extends Error {}

it.each(POINTS.map((point, i) => [i + 1, point] as const))(
  'killed at point %i, %s: nothing is half done, and the next run finishes',
  async (number) => {
    let count = 0;
    world.interrupt = () => {
      count += 1;
      if (count === number) throw new Killed();
    };
    expect((await world.adopt()).error).toBeInstanceOf(Killed);
    const isAdopted = number === POINTS.length;
    expect(world.authority.json('trust/prod.json') !== undefined).toBe(isAdopted);
    if (!isAdopted) expect(world.written()).toEqual([]);
    world.interrupt = () => {};
    expect((await world.adopt()).error).toBeUndefined();
    expectAdopted();
  },
);
