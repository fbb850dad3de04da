/** Where the thread of a confined command starts. */
import { workerData } from "node:worker_threads";
import { loadVerb } from "../../commands/index.js";
import { answer } from "../workers/confined-reply.js";
import type { CommandCall, WorkNews } from "./confined-command.js";

const { name, where, options, facts, version, reads } = workerData as CommandCall;

await answer(where, async (tell) => {
  const verb = await loadVerb(name);
  if (verb?.kind !== "command") throw new Error(`${name} is no command`);
  const progress = (label: string, done: number, total: number) => tell({ label, done, total } satisfies WorkNews);
  return verb.command.run!(options, { version, reads, progress }, facts);
});
