/** A recovery for people and for programs: what is in the new file, what is missing, what became of the old one. */
import { oneLine } from "../../printable.js";
import { formatBytes, formatCount, formatDuration } from "../../units.js";
import { fileBytes } from "../files.js";
import type { Ending, Recovery } from "./recovery.js";

const shownLosses = 12;

/** What is said of a recovery that missed nothing it knows of. */
const withoutLoss: Readonly<Record<Ending, string>> = {
  finished: "nothing lost",
  unfinished: "all that is known of is there, the run was not finished",
  unknown: "all that is there, nothing says whether it was finished",
};

/** The same of a source that says what it had lost before. */
const withRecordedLoss: Readonly<Record<Ending, string>> = {
  finished: "nothing more lost",
  unfinished: "all that it holds is there, the run was not finished",
  unknown: "all that it holds is there, nothing says whether it was finished",
};

export function recoveryText(recovery: Recovery, elapsedMs: number): string {
  const { out, frames, rows, losses } = recovery;
  const parts: string[] = [];
  if (frames !== null) parts.push(formatCount(frames, "frame"));
  if (rows !== null) parts.push(formatCount(rows, frames === null ? "row" : "detection"));
  if (recovery.lossCount === 0)
    parts.push((recovery.recordedLost > 0 ? withRecordedLoss : withoutLoss)[recovery.ending]);
  const size = fileBytes(out);
  const lines = [
    `${out}: ${parts.join(", ")}${size > 0 ? `, ${formatBytes(size)}` : ""}, in ${formatDuration(elapsedMs)}`,
  ];
  if (recovery.recordedLost > 0) {
    lines.push(`  lost before, while it was recorded, as it says: ${formatCount(recovery.recordedLost, "frame")}`);
  }
  for (const { what } of losses.slice(0, shownLosses)) lines.push(`  lost: ${what}`);
  if (recovery.lossCount > shownLosses) lines.push(`  and ${recovery.lossCount - shownLosses} more losses`);
  if (recovery.lossCount > 0) lines.push(`  ${totalText(recovery)}`);
  for (const note of recovery.notes) lines.push(`  ${note}`);
  lines.push(`  ${recovery.path} is as it was`);
  return lines.map((line) => oneLine(line)).join("\n");
}

function totalText({ lostFrames, isLostCounted }: Recovery): string {
  if (isLostCounted) return `${formatCount(lostFrames, "frame")} lost in all`;
  return lostFrames === 0
    ? "how many frames are lost is not known"
    : `at least ${formatCount(lostFrames, "frame")} lost`;
}

export function recoveryJson(recovery: Recovery, elapsedMs: number) {
  return {
    file: recovery.path,
    out: recovery.out,
    frames: recovery.frames,
    rows: recovery.rows,
    lostFrames: recovery.lostFrames,
    recordedLost: recovery.recordedLost,
    isLostCounted: recovery.isLostCounted,
    losses: recovery.losses.map((loss) => ({ ...loss })),
    lossCount: recovery.lossCount,
    ending: recovery.ending,
    notes: [...recovery.notes],
    elapsedMs: Math.round(elapsedMs),
  };
}
