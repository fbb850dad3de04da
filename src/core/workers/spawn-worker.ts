/** Starts a Node worker thread, watches the calls in it that nothing can interrupt, and says when it has ended. */
import { type ResourceLimits, Worker } from "node:worker_threads";
import type { MoteError } from "../errors.js";
import { createCallWatch } from "./call-watch.js";
import { threadRoomProblem } from "./thread-room.js";

/**
 * Stages leave next to no garbage behind a frame, so a small nursery is enough; V8's own default grows to 48 MB a thread
 * before it stops, which looks like a leak.
 */
const stageLimits: ResourceLimits = { maxYoungGenerationSizeMb: 2 };

export interface SpawnedWorker {
  /**
   * When the thread is gone. Rejects with what it died of: a MoteError when a watched call did not come back and the thread
   * was ended for it; also when there is no memory for a thread, so that those that run already are ended in order.
   */
  readonly ended: Promise<void>;
  /** A thread that is not held does not keep the process. */
  hold(isHeld: boolean): void;
}

/** Threads that have not taken their memory yet. */
let starting = 0;

export function spawnWorker<Message>(
  entry: URL,
  name: string,
  workerData: object,
  onMessage: (message: Message) => void,
  resourceLimits = stageLimits,
): SpawnedWorker {
  const calls = createCallWatch();
  let worker: Worker;
  try {
    const problem = threadRoomProblem(starting);
    if (problem) throw problem;
    // A stage may close what the main thread opened for it (the stream it reads): descriptors are the process', not a thread's.
    worker = new Worker(entry, {
      workerData: { ...workerData, ...calls.data },
      name,
      resourceLimits,
      trackUnmanagedFds: false,
    });
  } catch (error) {
    return { ended: Promise.reject(error), hold() {} };
  }
  starting++;
  let isStarting = true;
  function started(): void {
    if (isStarting) starting--;
    isStarting = false;
  }
  worker.on("online", started);
  worker.on("message", onMessage);
  let hung: MoteError | undefined;
  const stopWatching = calls.watch(name, (fault) => {
    hung = fault;
    void worker.terminate();
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => {
      started();
      stopWatching();
      if (hung) reject(hung);
      else if (code === 0) resolve();
      else reject(new Error(`it ended with code ${code}`));
    });
  });
  return {
    ended,
    hold(isHeld) {
      if (isHeld) worker.ref();
      else worker.unref();
    },
  };
}
