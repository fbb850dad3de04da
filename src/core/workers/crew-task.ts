/** The work of a crew: a module that exports these two, loaded in every thread that takes part. */
import { reason } from "../errors.js";
import type { CrewWords } from "./crew-words.js";

/** Does one item of a job: reads and writes shared memory only, so that it does not matter which thread does it. */
export type Task = (item: number, job: Float64Array) => void;

export interface TaskModule<Setup> {
  /** Its own address, `import.meta.url`. */
  readonly address: string;
  /** `setup` is cloned for each thread; shared memory in it stays shared. */
  openTask(setup: Setup): Task | Promise<Task>;
}

/** Does the items that are open, one after the other. */
export function workAlong(words: CrewWords, member: number, task: Task): void {
  for (let item = words.claim(member); item >= 0; item = words.claim(member)) doItem(words, member, task, item);
}

/** Does an item that is this member's, and settles it. */
export function doItem(words: CrewWords, member: number, task: Task, item: number): void {
  try {
    task(item, words.job);
  } catch (error) {
    words.fail(item, member, reason(error));
    return;
  }
  words.settle(item);
}
