/**
 * A preload in which one worker thread dies: the mapper of the stage DYING_STAGE ends itself as it goes to mark its
 * DYING_AT-th frame, as a thread does that the system or a broken library ends.
 */
import { isMainThread, workerData } from "node:worker_threads";

const plan = workerData;
const thread = isMainThread ? undefined : plan?.layout?.threads[plan.threadIndex];
if (thread && thread.part === "mapper" && plan.stageName === process.env.DYING_STAGE) {
  const add = Atomics.notify;
  let left = Number(process.env.DYING_AT);
  Atomics.notify = (...given) => {
    if (--left <= 0) process.exit(7);
    return add(...given);
  };
}
