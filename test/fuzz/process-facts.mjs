/** What Linux says of a process: 0 when it is gone, or where there is no /proc. */
import { readFileSync } from "node:fs";

function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

/** Bytes it holds in memory. */
function residentBytes(pid) {
  return 4096 * Number(read(pid, "statm").split(" ")[1] ?? 0);
}

/** The most bytes it has held in memory so far. */
export function peakBytes(pid) {
  return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(read(pid, "status"))?.[1] ?? 0);
}

/** Fields of its stat, from the third on. */
function fieldsOf(pid) {
  return read(pid, "stat").split(") ").at(-1).split(" ");
}

const ticks = (fields, places) => places.reduce((sum, at) => sum + 10 * Number(fields[at] ?? 0), 0);

/** Processor time it has used, milliseconds. */
function processorMs(pid) {
  return ticks(fieldsOf(pid), [11, 12]);
}

/** Processor time of this process and of those it started that have ended, milliseconds. */
export function processorMsOfAll() {
  return ticks(fieldsOf("self"), [11, 12, 13, 14]);
}

/**
 * Watches one piece of work of a process: "hang", "memory" or null. A hang is so much processor time, or three times as
 * much on the clock, so that a busy machine is not taken for one. `isShared`: the process has done other work before, so that
 * the most it has held says nothing.
 */
export function watchOf(pid, limits, isShared) {
  const startedAtMs = performance.now();
  const usedMs = processorMs(pid);
  const held = isShared ? residentBytes : peakBytes;
  return () => {
    if (held(pid) > limits.residentBytes) return "memory";
    const isLate = processorMs(pid) - usedMs > limits.hangMs || performance.now() - startedAtMs > 3 * limits.hangMs;
    return isLate ? "hang" : null;
  };
}
