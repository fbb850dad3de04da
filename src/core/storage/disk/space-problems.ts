/** Disks too full for what is planned, told before anything is opened. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Problem } from "../../errors.js";
import { formatBytes, formatCount } from "../../units.js";
import { freeBytes, nearestFolder } from "../files.js";
import type { DiskPlan } from "./disk-options.js";

export interface SpaceNeeded {
  /** A file or folder to be made. */
  readonly path: string;
  readonly where: string;
  /** Frames to come and bytes of each; null when the stream does not say or no pixels are kept. */
  readonly frames: { readonly count: number; readonly bytes: number } | null;
  /** What makes less of it than the frames' own size: "compressed". */
  readonly note?: string;
}

/**
 * One problem a disk that is below --min-free already, and one a file that will not fit above it. Files on one disk share
 * its room. A run that was told what to do on a full disk may begin whatever its length.
 */
export function spaceProblems(needs: readonly SpaceNeeded[], plan: DiskPlan): Problem[] {
  const problems: Problem[] = [];
  const promised = new Map<number, number>();
  for (const { path, where, frames, note } of needs) {
    const free = freeBytes(path);
    const disk = statSync(nearestFolder(dirname(resolve(path)))).dev;
    const taken = promised.get(disk);
    if (free < plan.minFreeBytes) {
      if (taken === undefined) problems.push(tooLow(where, free, plan.minFreeBytes));
      promised.set(disk, 0);
      continue;
    }
    const total = frames === null ? 0 : frames.count * frames.bytes;
    promised.set(disk, (taken ?? 0) + total);
    const room = free - (taken ?? 0);
    if (frames === null || plan.isChosen || room - plan.minFreeBytes >= total) continue;
    const kept = room >= total ? `, and ${formatBytes(plan.minFreeBytes)} (--min-free) are to stay free` : "";
    problems.push({
      code: "disk-full",
      where,
      what: `disk has ${formatBytes(Math.max(0, room))} free, this run needs about ${formatBytes(total)} (${formatCount(frames.count, "frame")} of ${formatBytes(frames.bytes)}${note ? `, ${note}` : ""})${kept}`,
      hint: `Choose another disk, or ${note ? "make room" : "--out tracks.csv only"}, or --min-free 1GB to go on until it is reached.`,
    });
  }
  return problems;
}

function tooLow(where: string, free: number, minFreeBytes: number): Problem {
  const less = [100e6, 10e6, 1e6].find((bytes) => bytes < minFreeBytes && bytes < free / 2) ?? 0;
  return {
    code: "disk-full",
    where,
    what: `disk has ${formatBytes(free)} free, less than --min-free ${formatBytes(minFreeBytes)}`,
    hint: `Choose another disk, make room, or --min-free ${less === 0 ? "0" : `${less / 1e6}MB`} to fill this one further.`,
  };
}
