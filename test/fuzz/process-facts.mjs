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
export function residentBytes(pid) {
  return 4096 * Number(read(pid, "statm").split(" ")[1] ?? 0);
}

/** Processor time it has used, milliseconds. */
export function processorMs(pid) {
  const fields = read(pid, "stat").split(") ").at(-1).split(" ");
  return 10 * (Number(fields[11] ?? 0) + Number(fields[12] ?? 0));
}

/**
 * Watches one piece of work of a process: "hang", "memory" or null. A hang is so much processor time, or three times as
 * much on the clock, so that a busy machine is not taken for one.
 */
export function watchOf(pid, limits) {
  const startedAtMs = performance.now();
  const usedMs = processorMs(pid);
  return () => {
    if (residentBytes(pid) > limits.residentBytes) return "memory";
    const isLate = processorMs(pid) - usedMs > limits.hangMs || performance.now() - startedAtMs > 3 * limits.hangMs;
    return isLate ? "hang" : null;
  };
}
