/** Starts a Node worker thread and says when it has ended. */
import { Worker } from "node:worker_threads";

/**
 * Stages leave next to no garbage behind a frame, so a small nursery is enough; V8's own default grows to 48 MB a thread
 * before it stops, which looks like a leak.
 */
const maxYoungGenerationSizeMb = 2;

export function spawnWorker<Message>(
  entry: URL,
  name: string,
  workerData: unknown,
  onMessage: (message: Message) => void,
): { readonly ended: Promise<void>; readonly worker: Worker } {
  // A stage may close what the main thread opened for it (the stream it reads): descriptors are the process', not a thread's.
  const worker = new Worker(entry, {
    workerData,
    name,
    resourceLimits: { maxYoungGenerationSizeMb },
    trackUnmanagedFds: false,
  });
  worker.on("message", onMessage);
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`it ended with code ${code}`))));
  });
  return { ended, worker };
}
