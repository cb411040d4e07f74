/** A forwarder that dies at one of its calls, and is started again ten seconds later. */
import { KubeUnreachable } from '../../../client/kubernetes/kube-client.ts';
import type { Started, StartOptions, World } from './world.ts';

const REVIVED_AFTER_MS = 10_000;

export class Mortal {
  readonly #world: World;
  readonly #options: StartOptions;
  #left: number;
  #running: Started;
  #isDead = false;
  #diedAt: number | undefined;

  /** @param points how many points before and after calls it passes */
  constructor(world: World, options: StartOptions, points: number) {
    this.#world = world;
    this.#options = options;
    this.#left = points;
    this.#running = this.#start();
  }

  get wasKilled(): boolean {
    return this.#diedAt !== undefined;
  }

  #start(): Started {
    let isOver = false;
    const interrupt = () => {
      if (!isOver && !this.wasKilled && this.#left <= 0) {
        isOver = true;
        this.#isDead = true;
        this.#diedAt = this.#world.time.nowMs;
      }
      this.#left -= 1;
      // what runs on in this process has no effect any longer
      if (isOver) throw new KubeUnreachable('killed');
    };
    return this.#world.start({ ...this.#options, interrupt });
  }

  /** Starts it again, if it has been dead for a while. */
  async revive(): Promise<void> {
    if (!this.#isDead || this.#world.time.nowMs < (this.#diedAt ?? 0) + REVIVED_AFTER_MS) return;
    this.#isDead = false;
    await this.#running.stop();
    this.#running = this.#start();
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}
