/** Finds the runs that can be spoken to: by their sockets in the private folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MoteError, refusal } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import { nearestName } from "../option/names.js";
import { ask } from "./ask.js";
import { folderCandidates, folderFault } from "./private-folder.js";
import { nameOfSocket } from "./run-name.js";

const patienceMs = 1000;

export interface FoundRun {
  readonly name: string;
  readonly path: string;
  /** Undefined when it does not answer, as a process that was stopped. */
  readonly status: JsonObject | undefined;
}

/** The sockets of runs, dead ones too. */
function socketsOfRuns(): readonly { readonly name: string; readonly path: string }[] {
  // In a folder that others may write to, anybody may listen.
  const folders = folderCandidates().filter((folder) => folderFault(folder) === undefined);
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .sort()
      .flatMap((file) => {
        const name = nameOfSocket(file);
        return name === undefined ? [] : [{ name, path: join(folder, file) }];
      }),
  );
}

/** The runs whose sockets somebody listens at, each asked how it stands. */
export async function runsThatListen(): Promise<readonly FoundRun[]> {
  const found = await Promise.all(
    socketsOfRuns().map(async ({ name, path }): Promise<FoundRun | undefined> => {
      try {
        const request = { request: "status" };
        return { name, path, status: await ask({ where: `tell, ${name}`, path, request, patienceMs }) };
      } catch (error) {
        // Exit code 2: nobody is there. What has not begun is, and has nothing to say.
        return error instanceof MoteError && error.exitCode === 2 && error.problems[0]?.code !== "not-now"
          ? undefined
          : { name, path, status: undefined };
      }
    }),
  );
  return found.filter((run) => run !== undefined);
}

/** The path of a run's socket: `run` is its name, a process id or a path. Refuses when there is none. */
export async function findRun(run: string): Promise<string> {
  if (run.startsWith("unix:")) return run.slice("unix:".length);
  if (run.includes("/")) return run;
  if (/^\d+$/.test(run)) {
    const found = (await runsThatListen()).find(({ status }) => String(status?.pid) === run);
    if (found) return found.path;
    throw nobody(run, `no run of process ${run} can be spoken to`);
  }
  const found = socketsOfRuns().find(({ name }) => name === run);
  if (found) return found.path;
  throw nobody(run, "no run has this name");
}

function nobody(run: string, what: string): MoteError {
  const nearest = nearestName(
    run,
    socketsOfRuns().map(({ name }) => name),
  );
  const hint =
    nearest === undefined ? "mote tell --list shows the runs that can be spoken to." : `Did you mean ${nearest}?`;
  return refusal("no-peer", `tell, ${run}`, what, hint);
}
