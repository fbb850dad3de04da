/** Where a stage's worker thread starts. */
import { parentPort, workerData } from "node:worker_threads";
import { loadStage } from "../../commands/index.js";
import { runStageThread } from "../pipeline/stage-thread.js";
import type { ThreadPlan } from "../pipeline/thread-plan.js";

await runStageThread(workerData as ThreadPlan, {
  send: (message) => parentPort?.postMessage(message),
  load: async (name) => (await loadStage(name))!,
  openSpool: async (request) => new (await import("../storage/spool/spool.js")).Spool(request),
});
