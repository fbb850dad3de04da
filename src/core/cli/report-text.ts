/** A run's report in a few lines for people. */
import type { JsonValue } from "../model/json.js";
import type { RunReport, SpillReport, TapReport } from "../model/run-report.js";
import { lostOn, reportOnPath } from "../pipeline/path-report.js";
import { oneLine } from "../printable.js";
import { formatBytes, formatCount, formatDuration } from "../units.js";

/** The report as the runs of its branches alone would have it, each with its sink's name; one, called `label`, where there are none. */
export function reportsOfBranches(label: string, report: RunReport): readonly (readonly [string, RunReport])[] {
  const { stages, links } = report;
  const parents = new Map(stages.flatMap(({ stage, from }) => (from === undefined ? [] : [[stage, from]])));
  if (parents.size === 0) return [[label, report]];
  const isFed = new Set(parents.values());
  const sinks = stages.filter(({ stage }) => parents.has(stage) && !isFed.has(stage));
  return sinks.map(({ stage: sink }) => {
    const path = new Set<string>();
    for (let at: string | undefined = sink; at !== undefined; at = parents.get(at)) path.add(at);
    const before = stages.filter(({ stage, from }) => from === undefined && !path.has(stage));
    const own = stages
      .filter(({ stage }) => path.has(stage))
      .map((stage) => {
        const behind = links.filter(({ from }) => from === stage.stage);
        const onward = behind.length > 1 ? behind.find(({ to }) => path.has(to)) : undefined;
        return onward ? reportOnPath(stage, onward) : stage;
      });
    const lost = [...before, ...own].reduce((sum, stage) => sum + lostOn(stage), 0);
    return [sink, { ...report, stages: [...before, ...own], lost }];
  });
}

/** `label`: who says it; `wasCut`: the run ended before its source did; `hasFailed`: something broke, so that nobody knows all that is missing. */
export function reportText(label: string, report: RunReport, wasCut: boolean, hasFailed: boolean): string {
  const last = report.stages.at(-1);
  const frames = last?.in ?? 0;
  const rate = (frames / Math.max(1, report.elapsedMs)) * 1000;
  const summary: Record<string, JsonValue> = Object.assign({}, ...report.stages.map((stage) => stage.summary));
  const parts = [
    `${formatCount(frames, "frame")} in ${formatDuration(report.elapsedMs)} (${rate.toFixed(rate < 10 ? 1 : 0)} fps)`,
  ];
  if (typeof summary.particles === "number") parts.push(formatCount(summary.particles, "particle"));
  if (typeof summary.tracks === "number") parts.push(formatCount(summary.tracks, "track"));
  if (report.lost > 0) parts.push(`${formatCount(report.lost, "frame")} lost`);
  else if (report.losses.length === 0 && !hasFailed) parts.push("nothing lost");
  if (wasCut) parts.push("ended early");
  const lines = [`${label}: ${parts.join(", ")}`];
  const locking = summary.pixelLocking as { verdict?: string; text?: string } | undefined;
  if (locking?.text && locking.verdict !== "none") lines.push(`  ${locking.text}`);
  if (typeof summary.degradedFrames === "number" && summary.degradedFrames > 0) {
    lines.push(
      `  ${formatCount(summary.degradedFrames, "frame")} with subnets linked greedily: too crowded for the limits`,
    );
  }
  for (const { stage, spill } of report.stages) if (spill) lines.push(`  ${stage} ${spillText(spill)}`);
  for (const file of filesOf(summary)) lines.push(`  ${file.path}  ${formatBytes(file.bytes)}`);
  return lines.map((line) => oneLine(line)).join("\n");
}

/** "track-tap: 231 of 300 frames shown, 2 readers" */
export function tapText({ tap, in: came, shown, readers }: TapReport): string {
  return oneLine(
    `${tap}: ${shown.toLocaleString("en-US")} of ${formatCount(came, "frame")} shown, ${formatCount(readers, "reader")}`,
  );
}

/** "spilled 1,234 frames, 10.2 GB at most, all came back" */
function spillText({ frames, returned, mostBytes }: SpillReport): string {
  const fate = returned === frames ? "all came back" : `${returned.toLocaleString("en-US")} came back`;
  return `spilled ${formatCount(frames, "frame")}, ${formatBytes(mostBytes)} at most, ${fate}`;
}

/** A disk that will be full within the hour is worth a word. */
const worthSayingS = 3600;

/** "disk full in 12 min", or nothing when that is far away. */
export function diskText(diskFullInS: number | null): string | undefined {
  if (diskFullInS === null || diskFullInS > worthSayingS) return undefined;
  if (diskFullInS === 0) return "waiting for room on the disk";
  const rest = diskFullInS < 120 ? `${Math.max(1, Math.round(diskFullInS))} s` : `${Math.round(diskFullInS / 60)} min`;
  return `disk full in ${rest}`;
}

/** How old frames were when they left each stage. */
export function latencyText(report: RunReport): string {
  const stages = report.stages.filter((stage) => stage.ageMs.p50 > 0);
  return stages
    .map(
      (stage) =>
        `latency: ${stage.ageMs.p50} ms median, ${stage.ageMs.p99} ms 99 %, from arrival to leaving ${stage.stage}`,
    )
    .join("\n");
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

/** The files a sink says it wrote. */
export function filesOf(summary: Readonly<Record<string, JsonValue>>): readonly WrittenFile[] {
  return Array.isArray(summary.files) ? (summary.files as unknown as WrittenFile[]) : [];
}
