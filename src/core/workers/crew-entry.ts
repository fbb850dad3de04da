/** Where a member of a crew starts: it works when the bell rings, and ends when it is told to. */
import { workerData } from "node:worker_threads";
import { type TaskModule, workAlong } from "./crew-task.js";
import { type CrewBuffers, CrewWords } from "./crew-words.js";

export interface MemberPlan {
  readonly member: number;
  readonly buffers: CrewBuffers;
  /** Address of the task's module. */
  readonly task: string;
  readonly setup: unknown;
}

const plan = workerData as MemberPlan;
const words = new CrewWords(plan.buffers);
const { openTask } = (await import(plan.task)) as TaskModule<unknown>;
const task = await openTask(plan.setup);
for (;;) {
  const seen = words.bell;
  if (words.isStopped) break;
  workAlong(words, plan.member, task);
  words.waitForBell(seen);
}
