/**
 * Threads that share the items of a job with the thread that asks for it: the strips of a page, the chunks of a frame.
 * The caller works along, so a crew of one needs no thread, and a crew whose threads all died still gets its work done.
 * What the items read and write is in shared memory; nothing is copied or sent.
 */
import { reason } from "../errors.js";
import type { MemberPlan } from "./crew-entry.js";
import { doItem, type Task, type TaskModule, workAlong } from "./crew-task.js";
import { type CrewBuffers, CrewWords, createCrewBuffers, jobNumbers } from "./crew-words.js";
import { spawnWorker } from "./spawn-worker.js";

/** How long the caller sleeps before it looks whether a thread has died, milliseconds. */
const lookEveryMs = 100;

export interface CrewPlan<Setup> {
  /** What the threads are called. */
  readonly name: string;
  readonly task: TaskModule<Setup>;
  /** For `openTask`, in every thread. */
  readonly setup: Setup;
  /** Threads that work, the caller's included. */
  readonly members: number;
  /** Items of a job, at most. */
  readonly mostItems: number;
  /** Hears of a thread that died; its work is done by the others. */
  warn?(text: string): void;
}

export interface Crew {
  /**
   * Does items 0 to `count` - 1 with these numbers (eight at most). When it returns or throws, no thread is at work any
   * more. Throws what the first item threw; the others are done all the same.
   */
  run(count: number, ...job: number[]): Promise<void>;
  /** Ends the threads. */
  close(): Promise<void>;
}

export async function openCrew<Setup>(plan: CrewPlan<Setup>): Promise<Crew> {
  const task = await plan.task.openTask(plan.setup);
  const buffers = createCrewBuffers(plan.members, plan.mostItems);
  const words = new CrewWords(buffers);
  const members = Array.from({ length: plan.members - 1 }, (_, index) => startMember(plan, index + 1, buffers, words));

  return {
    async run(count, ...job) {
      if (count > plan.mostItems || job.length > jobNumbers)
        throw new Error(`a job of ${count} items, ${job.length} numbers`);
      words.open(count, job);
      workAlong(words, 0, task);
      await settle(words, task, members);
      const failed = words.failure;
      if (failed !== undefined) throw new Error(failed);
    },
    async close() {
      words.stop();
      for (const { hold } of members) hold();
      await Promise.all(members.map(({ ended }) => ended));
    },
  };
}

interface Member {
  readonly number: number;
  readonly isGone: boolean;
  /** When the thread is gone, however it went. */
  readonly ended: Promise<void>;
  /** From now on the thread keeps the process. */
  hold(): void;
}

function startMember<Setup>(plan: CrewPlan<Setup>, member: number, buffers: CrewBuffers, words: CrewWords): Member {
  const entry = new URL("./crew-entry.js", import.meta.url);
  const memberPlan: MemberPlan = { member, buffers, task: plan.task.address, setup: plan.setup };
  const { ended, hold } = spawnWorker(entry, `${plan.name} ${member}`, memberPlan, () => {});
  // A crew that nobody closed must not keep the process.
  hold(false);
  let isGone = false;
  function gone(why: string): void {
    isGone = true;
    plan.warn?.(`a thread of ${plan.name} died (${why}); the others do its work`);
  }
  return {
    number: member,
    get isGone() {
      return isGone;
    },
    ended: ended.then(
      () => {
        if (!words.isStopped) gone("it ended by itself");
      },
      (error: unknown) => gone(reason(error)),
    ),
    hold: () => hold(true),
  };
}

/** Waits for the items that others have; those of a thread that died are done here. */
async function settle(words: CrewWords, task: Task, members: readonly Member[]): Promise<void> {
  for (;;) {
    const seen = words.finished;
    if (words.isFinished) return;
    if (words.waitForFinished(seen, lookEveryMs)) continue;
    // News of a thread's death come through the event loop, which stands still while we sleep.
    await new Promise((resolve) => setImmediate(resolve));
    for (const { number, isGone } of members) {
      if (!isGone) continue;
      for (let item = words.inherit(number, 0); item >= 0; item = words.inherit(number, 0))
        doItem(words, 0, task, item);
    }
  }
}
