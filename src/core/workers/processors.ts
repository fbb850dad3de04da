/** How many threads can work at once on this machine, containers' limits included. */
import { availableParallelism, constants, setPriority } from "node:os";

export function processorCount(): number {
  return availableParallelism();
}

/** More threads than this do nothing sooner, and each takes its memory. */
function mostUseful(): number {
  return Math.max(8, 2 * processorCount());
}

export interface WorkerCount {
  readonly workers: number;
  /** What the user is told when it is fewer than were asked for. */
  readonly notes: readonly string[];
}

/** How many threads to start when `asked` are asked for: one a processor when nothing is, never more than there is use for. */
export function chooseWorkers(asked: number | undefined): WorkerCount {
  const workers = Math.min(asked ?? processorCount(), mostUseful());
  const isFewer = asked !== undefined && asked > workers;
  const note = `--workers ${asked}: ${workers} are taken, more are of no use to ${processorCount()} processors`;
  return { workers, notes: isFewer ? [note] : [] };
}

/** Gives way to every other process; holds for the threads that are started afterwards. A system that refuses is left as it is. */
export function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Without the right to it the work is done at the priority there is.
  }
}
