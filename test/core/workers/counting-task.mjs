// Work for crew.test.ts: each item notes who did it, and misbehaves where it is told to.
import { isMainThread, threadId } from "node:worker_threads";

export const address = import.meta.url;

/** seen: times each item was done; who: thread of each; setup.*: what happens at which item, in threads that are not the caller. */
export function openTask({
  seen,
  who,
  started,
  caller,
  throwAt = -1,
  exitAt = -1,
  exitCode = 0,
  slowMs = 0,
  dieAtStart = false,
}) {
  const isCaller = isMainThread || threadId === caller;
  if (dieAtStart && !isCaller) throw new Error("no such module");
  if (!isCaller) {
    Atomics.add(started, 0, 1);
    Atomics.notify(started, 0);
  }
  return (item, job) => {
    Atomics.add(seen, item, job[0]);
    who[item] = threadId;
    if (slowMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slowMs);
    if (item === throwAt) throw new Error(`item ${item} cannot be done: ü`);
    if (!isCaller && item >= exitAt && exitAt >= 0) {
      Atomics.sub(seen, item, job[0]);
      process.exit(exitCode);
    }
  };
}
