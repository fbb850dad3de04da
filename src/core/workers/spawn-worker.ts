/** Starts a Node worker thread and says when it has ended. */
import { Worker } from "node:worker_threads";

export function spawnWorker<Message>(
  entry: URL,
  name: string,
  workerData: unknown,
  onMessage: (message: Message) => void,
): { readonly ended: Promise<void> } {
  const worker = new Worker(entry, { workerData, name });
  worker.on("message", onMessage);
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`it ended with code ${code}`))));
  });
  return { ended };
}
