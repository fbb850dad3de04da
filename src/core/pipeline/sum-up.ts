/** The ends of a run's threads put into one report: what every stage and link counted, and in words what was lost. */
import { cutFilesIn } from "../model/recorded-loss.js";
import {
  harmlessReasons,
  isLoss,
  type LinkReport,
  type RunReport,
  type StageReport,
  type TapReport,
} from "../model/run-report.js";
import type { PlannedRun } from "./negotiate.js";
import { reportOnPath } from "./path-report.js";
import { reportBehindSpool, type SpoolEnd } from "./spool-loop.js";
import type { StageEnd } from "./thread-plan.js";

/** `stageEnds` by the stages' positions, `spoolEnds` by the links'; those that were aborted are missing. */
export function sumUp(
  { stages, links }: PlannedRun,
  stageEnds: ReadonlyMap<number, StageEnd>,
  spoolEnds: ReadonlyMap<number, SpoolEnd>,
): Pick<RunReport, "lost" | "losses" | "stages" | "links" | "taps"> {
  const onward = links.filter(({ isTap }) => !isTap);
  const hasBranches = onward.some(({ from }, i) => onward.some((other, k) => k !== i && other.from === from));
  const isTap = (stageIndex: number) => links.some((link) => link.isTap && link.to === stageIndex);
  const allLinks: LinkReport[] = [];
  const taps: TapReport[] = [];
  const own = [...stageEnds]
    .filter(([stageIndex]) => !isTap(stageIndex))
    .sort(([a], [b]) => a - b)
    .map(([stageIndex, end]): StageReport => {
      const behind = end.links.flatMap((link) => {
        const linkIndex = links.findIndex(({ from, to }) => from === stageIndex && stages[to]!.label === link.to);
        const planned = links[linkIndex]!;
        if (planned.isTap) taps.push(tapReport(link, stageEnds.get(planned.to)?.own));
        const spoolEnd = spoolEnds.get(linkIndex);
        return planned.isTap ? [] : [spoolEnd ? reportBehindSpool(link, spoolEnd) : link];
      });
      allLinks.push(...behind);
      const [only, ...others] = behind;
      const plain = only && others.length === 0 ? reportOnPath(end.own, only) : end.own;
      const report = end.settled ? { ...plain, settled: end.settled } : plain;
      const parent = links.find(({ to }) => to === stageIndex)?.from;
      return hasBranches && parent !== undefined ? { ...report, from: stages[parent]!.label } : report;
    });
  const all = [...(stageEnds.get(0)?.before ?? []), ...own];
  // What the only link behind a stage lost is told by the stage.
  const branching = allLinks.filter((link) => allLinks.some((other) => other !== link && other.from === link.from));
  const told = [...all.map(lossesAt), ...branching.map((link) => droppedFrames(`${link.from}, to ${link.to}`, link))];
  return {
    lost: told.reduce((sum, { lost }) => sum + lost, 0),
    losses: told.flatMap(({ losses }) => losses),
    stages: all,
    links: allLinks,
    taps,
  };
}

/** `own`: missing where the tap's thread had no last word. */
function tapReport({ from, to, in: came, out, policy, every, dropped }: LinkReport, own?: StageReport): TapReport {
  const shown = own?.out ?? 0;
  const notShown = (dropped[harmlessReasons.notShown] ?? 0) + out - shown;
  const readers = Number(own?.summary.readers ?? 0);
  const fates = { ...dropped, ...(notShown > 0 ? { [harmlessReasons.notShown]: notShown } : {}) };
  return { tap: to, of: from, policy, every, in: came, shown, dropped: fates, readers };
}

interface Told {
  readonly lost: number;
  /** Sentences for people. */
  readonly losses: readonly string[];
}

function droppedFrames(where: string, { dropped }: Pick<StageReport, "dropped">): Told {
  const lost = Object.entries(dropped).filter(([why]) => isLoss(why));
  return {
    lost: lost.reduce((sum, [, frames]) => sum + frames, 0),
    losses: lost.map(([why, frames]) => `${where}: ${formatFrames(frames)} lost (${why})`),
  };
}

function lossesAt(stage: StageReport): Told {
  const { lost, losses: dropped } = droppedFrames(stage.stage, stage);
  const losses = [...dropped];
  const { cutAfterFrame, leftAfterFrame, upstreamFailure } = stage.summary;
  if (typeof cutAfterFrame === "number")
    losses.push(`${stage.stage}: the stream was cut after frame ${cutAfterFrame}; what followed is unknown`);
  if (typeof leftAfterFrame === "number")
    losses.push(`${stage.stage}: a live stream was left after frame ${leftAfterFrame}, before its end`);
  if (typeof upstreamFailure === "string") losses.push(`${stage.stage}: ${upstreamFailure}`);
  for (const { file, lastFrame } of cutFilesIn(stage.summary))
    losses.push(`${stage.stage}: ${file} was cut short; what followed frame ${lastFrame} is unknown`);
  if (stage.failed > 0) losses.push(`${stage.stage}: ${formatFrames(stage.failed)} failed`);
  return { lost: lost + stage.failed, losses };
}

function formatFrames(frames: number): string {
  return `${frames} ${frames === 1 ? "frame" : "frames"}`;
}
