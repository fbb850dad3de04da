/** Where a stage's worker thread starts. */
import { parentPort, workerData } from "node:worker_threads";
import { loadStage } from "../../commands/index.js";
import { runStageThread } from "../pipeline/stage-thread.js";
import type { ThreadMessage, ThreadPlan } from "../pipeline/thread-plan.js";
import { systemThreadId } from "../workers/stuck-thread.js";

/** The first message of a thread: by which number the system knows it. */
export interface ThreadBorn {
  readonly kind: "born";
  readonly systemThreadId: number | null;
}

function send(message: ThreadMessage | ThreadBorn): void {
  parentPort?.postMessage(message);
}

send({ kind: "born", systemThreadId: systemThreadId() });
await runStageThread(workerData as ThreadPlan, {
  send,
  load: async (name) => (await loadStage(name))!,
  openSpool: async (request) => new (await import("../storage/spool/spool.js")).Spool(request),
});
