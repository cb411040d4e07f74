import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finishedFiles, makeFolder } from '../../lib/files/durable-file.ts';
import { removeWhole, writeWhole } from '../../lib/files/whole-file.ts';
import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';
import { chooseFairly } from './choose-fairly.ts';
import type { QueueMessage, ReceivedMessage } from './message.ts';

/** A message that the function failed to process, and why. */
export interface DeadLetter extends QueueMessage {
  readonly failedAt: string;
  readonly reason: string;
}

/** Where a queue keeps its files and how often it tries. */
export interface QueueRules {
  readonly folder: string;
  readonly deadLetterFolder: string;
  readonly maxReceives: number;
  readonly retryDelayMs: (receives: number) => number;
}

type State = 'visible' | 'waiting' | 'in flight';

interface Entry {
  message: QueueMessage;
  state: State;
  timer?: unknown;
  /** Set while the message is in flight. */
  receiptHandle?: string | undefined;
}

/**
 * A queue whose messages are files. A message is sent when its file is written; the file is removed only when the
 * message was processed or became a dead letter. So what a killed process had not finished is delivered again.
 */
export class MessageQueue {
  readonly #rules: QueueRules;
  readonly #surroundings: Surroundings;
  readonly #messages = new Map<string, Entry>();
  readonly #deadLetters: DeadLetter[] = [];
  #idleWaiters: (() => void)[] = [];
  /** How many batches are being sent. */
  #sending = 0;
  /** Called whenever a message can be received. */
  onVisible: () => void = () => undefined;

  private constructor(rules: QueueRules, surroundings: Surroundings) {
    this.#rules = rules;
    this.#surroundings = surroundings;
  }

  /** Opens the folder. What was in flight or waiting when the last process exited is visible immediately. */
  static async open(rules: QueueRules, surroundings: Surroundings): Promise<MessageQueue> {
    await makeFolder(rules.folder);
    await makeFolder(rules.deadLetterFolder);
    const queue = new MessageQueue(rules, surroundings);
    for (const name of await finishedFiles(rules.deadLetterFolder)) {
      queue.#deadLetters.push(await readJson<DeadLetter>(join(rules.deadLetterFolder, name)));
    }
    const found: QueueMessage[] = [];
    for (const name of await finishedFiles(rules.folder)) {
      found.push(await readJson<QueueMessage>(join(rules.folder, name)));
    }
    for (const message of found.sort((a, b) => a.sentAtMs - b.sentAtMs))
      await queue.#restore(message);
    return queue;
  }

  /** Adds a message. On return it is durable. */
  async send(
    sent: Pick<QueueMessage, 'body' | 'messageAttributes' | 'senderId' | 'group'>,
    delayMs = 0,
  ): Promise<QueueMessage> {
    const { now, random } = this.#surroundings;
    const messageId = randomUuid(random);
    const message = { ...sent, messageId, sentAtMs: now().getTime(), receives: 0 };
    await this.#save(message);
    this.#messages.set(messageId, { message, state: 'waiting' });
    this.#showAfter(messageId, delayMs);
    return message;
  }

  /** Announces messages when all of a batch are durable, as SQS does, so that the function receives them as one batch. */
  async sendTogether<T>(send: () => Promise<T>): Promise<T> {
    this.#sending += 1;
    try {
      return await send();
    } finally {
      this.#sending -= 1;
      this.#announce();
    }
  }

  /**
   * Moves up to `max` visible messages to in flight, in a fair order. Their new count of receives is in their files before they
   * are returned.
   */
  async receive(max: number): Promise<ReceivedMessage[]> {
    const { now, random } = this.#surroundings;
    const at = now().getTime();
    const taken = chooseFairly([...this.#messages.values()], max);
    const received = taken.map((entry) => {
      const receiptHandle = randomUuid(random);
      const receives = entry.message.receives + 1;
      const message = { firstReceivedAtMs: at, ...entry.message, receives };
      Object.assign(entry, { state: 'in flight', message, receiptHandle });
      return { ...message, receiptHandle };
    });
    await Promise.all(taken.map(({ message }) => this.#save(message)));
    return received;
  }

  /** Whether a message with this receipt handle is in flight. */
  isInFlight(receiptHandle: string): boolean {
    return [...this.#messages.values()].some((entry) => entry.receiptHandle === receiptHandle);
  }

  /** The function has processed this message. */
  async done(messageId: string): Promise<void> {
    await removeWhole(this.#path(messageId));
    this.#forget(messageId);
  }

  /** The function failed on this message: it becomes visible again later, or becomes a dead letter. */
  async failed(messageId: string, reason: string): Promise<void> {
    const entry = this.#messages.get(messageId);
    if (entry === undefined) return;
    const { receives } = entry.message;
    if (receives >= this.#rules.maxReceives) return this.#bury(entry.message, reason);
    entry.state = 'waiting';
    entry.receiptHandle = undefined;
    this.#showAfter(messageId, this.#rules.retryDelayMs(receives));
  }

  /** The number of messages by state. */
  counts(): Record<State | 'total', number> {
    const counts = { visible: 0, waiting: 0, 'in flight': 0, total: this.#messages.size };
    for (const { state } of this.#messages.values()) counts[state] += 1;
    return counts;
  }

  deadLetters(): DeadLetter[] {
    return [...this.#deadLetters];
  }

  /** Resolves when no message is visible, in flight or waiting. */
  async idle(): Promise<void> {
    if (this.#messages.size === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Stops the timers of waiting messages. Their files stay. */
  close(): void {
    for (const { timer } of this.#messages.values()) this.#surroundings.timers.clearTimeout(timer);
  }

  async #restore(message: QueueMessage): Promise<void> {
    const { messageId } = message;
    if (this.#deadLetters.some((dead) => dead.messageId === messageId)) {
      return removeWhole(this.#path(messageId)); // killed between the two files of a burial
    }
    if (message.receives >= this.#rules.maxReceives) {
      return this.#bury(message, "the process exited during the function's last attempt");
    }
    this.#messages.set(messageId, { message, state: 'visible' });
  }

  #showAfter(messageId: string, delayMs: number): void {
    const entry = this.#messages.get(messageId);
    if (entry === undefined) return;
    const show = (): void => {
      entry.state = 'visible';
      this.#announce();
    };
    if (delayMs > 0) entry.timer = this.#surroundings.timers.setTimeout(show, delayMs);
    else show();
  }

  #announce(): void {
    if (this.#sending === 0) this.onVisible();
  }

  async #bury(message: QueueMessage, reason: string): Promise<void> {
    const { now, log } = this.#surroundings;
    const dead = { ...message, failedAt: now().toISOString(), reason };
    const path = join(this.#rules.deadLetterFolder, `${message.messageId}.json`);
    await writeWhole(path, `${JSON.stringify(dead, null, 2)}\n`);
    await removeWhole(this.#path(message.messageId));
    this.#deadLetters.push(dead);
    log({ message: 'dead letter', file: path, reason });
    this.#forget(message.messageId);
  }

  #forget(messageId: string): void {
    this.#messages.delete(messageId);
    if (this.#messages.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #save(message: QueueMessage): Promise<void> {
    return writeWhole(this.#path(message.messageId), `${JSON.stringify(message)}\n`);
  }

  #path(messageId: string): string {
    return join(this.#rules.folder, `${messageId}.json`);
  }
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}
