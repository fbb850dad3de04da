/** Starts a Node worker thread, watches the calls in it that nothing can interrupt, and says when it has ended. */
import { type ResourceLimits, Worker } from "node:worker_threads";
import type { MoteError } from "../errors.js";
import { createCallWatch } from "./call-watch.js";

/**
 * Stages leave next to no garbage behind a frame, so a small nursery is enough; V8's own default grows to 48 MB a thread
 * before it stops, which looks like a leak.
 */
const stageLimits: ResourceLimits = { maxYoungGenerationSizeMb: 2 };

/** `ended` rejects with a MoteError when a watched call did not come back and the thread was ended for it. */
export function spawnWorker<Message>(
  entry: URL,
  name: string,
  workerData: object,
  onMessage: (message: Message) => void,
  resourceLimits = stageLimits,
): { readonly ended: Promise<void>; readonly worker: Worker } {
  const calls = createCallWatch();
  // A stage may close what the main thread opened for it (the stream it reads): descriptors are the process', not a thread's.
  const worker = new Worker(entry, {
    workerData: { ...workerData, ...calls.data },
    name,
    resourceLimits,
    trackUnmanagedFds: false,
  });
  worker.on("message", onMessage);
  let hung: MoteError | undefined;
  const stopWatching = calls.watch(name, (fault) => {
    hung = fault;
    void worker.terminate();
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => {
      stopWatching();
      if (hung) reject(hung);
      else if (code === 0) resolve();
      else reject(new Error(`it ended with code ${code}`));
    });
  });
  return { ended, worker };
}
