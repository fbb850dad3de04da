/**
 * Whether the address space has room for another thread. Where it is limited (ulimit -v, a batch system), the engine ends
 * the process for a thread that gets none, so it is looked at before.
 */
import { readFileSync } from "node:fs";
import { OutOfMemory } from "../out-of-memory.js";
import { formatBytes } from "../units.js";

/** What a thread reserves before its first line runs: 0.62 GB on Node 20, 22 and 24. */
const threadBytes = 700e6;
const pageBytes = 4096;

let limitBytes: number | undefined;

/** What keeps another thread from being started while `starting` others are at it; undefined where nothing does, or nobody can tell. */
export function threadRoomProblem(starting: number): OutOfMemory | undefined {
  limitBytes ??= addressSpaceLimit();
  if (limitBytes === Number.POSITIVE_INFINITY) return undefined;
  const left = limitBytes - reservedBytes() - starting * threadBytes;
  if (left >= threadBytes) return undefined;
  const rest = formatBytes(Math.max(0, left));
  return new OutOfMemory(`a thread takes ${formatBytes(threadBytes)} of address space, and ${rest} are left`);
}

/** Infinity where there is none, and where the system has no /proc. */
function addressSpaceLimit(): number {
  const soft = /^Max address space\s+(\d+)/m.exec(textOf("/proc/self/limits"))?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

function reservedBytes(): number {
  return Number(textOf("/proc/self/statm").split(" ")[0]) * pageBytes;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
