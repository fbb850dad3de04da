/** Which files an archive writes: those that were named, or those of the day's next run under --root. */

import { join } from "node:path";
import { type Problem, refusal } from "../../errors.js";
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";
import type { UsedFile, UsedFiles } from "../../model/used-files.js";
import type { EpochNs } from "../../time.js";
import { claimProblem } from "../claim/claim.js";
import { containerFor, isFolderName, stdoutName } from "../container-for.js";
import type { DiskPlan } from "../disk/disk-options.js";
import { type SpaceNeeded, spaceProblems } from "../disk/space-problems.js";
import { realPath } from "../files.js";
import { keepsPixels } from "../formats/format.js";
import type { StoreRequest, StoreSettings } from "../frame-store.js";
import { rootProblem } from "../root/root-problem.js";
import { runFileName } from "../root/run-file-name.js";
import { claimRun, localDay } from "../root/run-number.js";
import type { SyncPlan } from "../sync/sync-plan.js";
import { openClaimedStore } from "./claimed-store.js";
import { openStdoutStore, type StdoutOwner, stdoutProblem } from "./stdout-store.js";
import type { OpenedStore } from "./store-set.js";
import { whereOf } from "./where.js";

export interface FilesPlan {
  /** Files, or, with a root, kinds: ".h5". */
  readonly out: readonly string[];
  /** What goes to stdout, when one of them is "-". */
  readonly to: string | null;
  readonly root: string | null;
  readonly force: boolean;
  readonly disk: DiskPlan;
  /** Threads that a container may compress with. */
  readonly workers: number;
  readonly settings: StoreSettings;
  readonly sync: SyncPlan;
}

/** Files in the way, folders that are not there, names given twice, disks without room: all that is wrong, at once. */
export async function fileProblems(plan: FilesPlan, input: StreamDescriptor): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const writable: string[] = [];
  const { root } = plan;
  const ofRoot = root === null ? undefined : rootProblem("archive", root);
  if (ofRoot) return [ofRoot];
  for (const path of plan.out) {
    const where = whereOf(path);
    const real = path === stdoutName ? path : realPath(path);
    if (seen.has(real))
      problems.push({ code: "own-input", where, what: "is given twice", hint: "Each file needs a name of its own." });
    else {
      const problem = root === null ? await problemOf(where, path, plan) : undefined;
      if (problem) problems.push(problem);
      else writable.push(path);
    }
    seen.add(real);
  }
  const files = writable.filter((path) => path !== stdoutName);
  const needs = files.map((path): SpaceNeeded => {
    const keepsFrames = keepsPixels(containerFor(whereOf(path), path), input);
    const frames =
      keepsFrames && input.frameCount !== null ? { count: input.frameCount, bytes: frameBytes(input) } : null;
    return { path: root === null ? path : join(root, path), where: whereOf(path), frames };
  });
  return [...problems, ...spaceProblems(needs, plan.disk)];
}

/** The files that have the names to be written, and those names; under --root every name is new. */
export async function usedFiles({ out, root, settings }: FilesPlan): Promise<UsedFiles> {
  if (root !== null) return {};
  const writes = await Promise.all(
    out.map(async (path): Promise<UsedFile[]> => {
      const where = whereOf(path);
      if (path === stdoutName) return [{ where, file: 1 }];
      const container = containerFor(where, path);
      // Its files never take the place of others.
      if (container.folderProblem) return [];
      const kind = await container.kind?.(settings);
      const parts = kind?.parts?.(path) ?? [];
      return [{ where, file: path, isRow: kind?.isRow === true }, ...parts.map((file) => ({ where, file }))];
    }),
  );
  return { writes: writes.flat() };
}

async function problemOf(where: string, path: string, plan: FilesPlan): Promise<Problem | undefined> {
  const { force: isForced, settings, to } = plan;
  const container = containerFor(where, path, to);
  if (path === stdoutName) return stdoutProblem(where, container);
  if (container.folderProblem) return await container.folderProblem({ path, where, settings });
  const kind = await container.kind?.(settings);
  return claimProblem({ where, path, isForced, ...(kind && { kind }) });
}

export interface OpenedFiles {
  readonly stores: readonly OpenedStore[];
  /** Of these, the paths of those that have no place for notes. */
  readonly withoutNotes: readonly string[];
  /** Gives the run's number back where no file holds it; for when all files are closed. */
  release(): void;
}

/** Opens every container; after an error those that were opened are gone again. */
export async function openFiles(
  plan: FilesPlan,
  startedAtNs: EpochNs,
  input: Pick<StoreRequest, "descriptor" | "geometry" | "warn">,
  owner: StdoutOwner,
): Promise<OpenedFiles> {
  const claim = plan.root === null ? undefined : claimRun("archive", plan.root, localDay(startedAtNs));
  const stores: OpenedStore[] = [];
  const withoutNotes: string[] = [];
  const release = () => claim?.release();
  try {
    for (const out of plan.out) {
      const where = whereOf(out);
      const container = containerFor(where, out, plan.to);
      const keepsFrames = keepsPixels(container, input.descriptor);
      if (!container.keepsNotes) withoutNotes.push(out === stdoutName ? "stdout" : out);
      if (out === stdoutName) {
        const store = await openStdoutStore(container, { where, settings: plan.settings, ...input }, owner);
        stores.push({ path: "stdout", store, keepsFrames, isStdout: true });
        continue;
      }
      const path = claim ? join(claim.folder, isFolderName(out) ? "/" : runFileName(where, out, claim.run)) : out;
      const store = await openClaimedStore({
        path,
        what: "archive",
        where: claim ? `archive, ${path}` : where,
        ...input,
        isForced: plan.force,
        workers: plan.workers,
        isSynced: plan.sync !== "close",
        settings: (claim && container.numbered?.(plan.settings, claim.run)) ?? plan.settings,
      });
      stores.push({ path, store, keepsFrames });
      if (plan.sync !== "close" && keepsFrames && !store.sync) {
        throw refusal("unsupported", where, "cannot be synced while it grows", "Use --sync close.");
      }
    }
  } catch (error) {
    for (const { store } of stores) await store.close(null);
    release();
    throw error;
  }
  return { stores, withoutNotes, release };
}
