/**
 * What a stage's report is to those who see one path of a run alone: what the link gave up that leads on from the stage was
 * dropped by the stage, as in a run that has no other link.
 */
import { isLoss, type LinkReport, type StageReport } from "../model/run-report.js";

export function reportOnPath(stage: StageReport, { in: came, out, dropped, spill }: LinkReport): StageReport {
  const all = { ...stage.dropped };
  for (const [why, frames] of Object.entries(dropped)) all[why] = (all[why] ?? 0) + frames;
  return { ...stage, out: stage.out - came + out, dropped: all, ...(spill ? { spill } : {}) };
}

/** Frames lost at a stage or on a link. */
export function lostOn({ dropped, failed = 0 }: Pick<StageReport, "dropped"> & { readonly failed?: number }): number {
  return Object.entries(dropped).reduce((sum, [why, frames]) => sum + (isLoss(why) ? frames : 0), failed);
}
