/** Where compressed frames go and what they are called: a folder of their own, or the day's folder under --root. */
import { join } from "node:path";
import type { Problem } from "../../../errors.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { type EpochNs, epochNow } from "../../../time.js";
import { compileNames, type FrameNames } from "../../image-folder/name-template.js";
import { rootProblem } from "../../root/root-problem.js";
import { claimRun, localDay } from "../../root/run-number.js";
import type { JxlPlan } from "./compress-options.js";
import { folderProblems, tooFull } from "./folder-problems.js";
import { journalName, journalNameFor, runJournalName } from "./journal-names.js";

export type PlacePlan = Pick<JxlPlan, "out" | "root" | "nameTemplate" | "run" | "resume" | "disk">;

export interface Place {
  readonly where: string;
  readonly folder: string;
  readonly names: FrameNames;
  readonly journal: string;
  /** Gives a number back that no file holds. */
  release(): void;
}

export function whereOf({ out, root }: Pick<PlacePlan, "out" | "root">): string {
  return out === null ? `compress, --root ${root}` : `compress, --out ${out}`;
}

/** What speaks against the place, looked at before anything is made there. */
export function placeCheck(plan: PlacePlan, input: StreamDescriptor): readonly Problem[] {
  const { root, disk, resume } = plan;
  const where = whereOf(plan);
  const problem = root === null ? undefined : rootProblem("compress", root);
  if (problem) return [problem];
  if (root !== null && plan.run === null) return tooFull({ where, disk }, root, input.frameCount, input);
  const { folder, names, journal } = fixedPlace(plan, epochNow());
  return folderProblems({ where, folder, names, journal, isResumed: resume, disk }, input);
}

/** The place itself; under a root without a run's number this takes one. */
export function openPlace(plan: PlacePlan, startedAtNs: EpochNs): Place {
  if (plan.root === null || plan.run !== null) return fixedPlace(plan, startedAtNs);
  const date = localDay(startedAtNs);
  const { folder, run, release } = claimRun("compress", plan.root, date);
  const names = compileNames(plan.nameTemplate, { run, date });
  return { where: whereOf(plan), folder, names, journal: runJournalName(run), release };
}

/** The place of a run whose number is known. */
export function fixedPlace(plan: PlacePlan, startedAtNs: EpochNs): Place {
  const date = localDay(startedAtNs);
  const run = plan.run ?? 1;
  const names = compileNames(plan.nameTemplate, { run, date });
  const release = () => {};
  if (plan.root !== null) {
    return { where: whereOf(plan), folder: join(plan.root, date), names, journal: runJournalName(run), release };
  }
  const folder = plan.out!;
  // A run of a folder that runs share has a journal of its own, which is the one to go on with.
  const journal = plan.resume ? journalNameFor(folder, names.nameOf(0)) : journalName;
  return { where: whereOf(plan), folder, names, journal, release };
}
