/** How many threads can work at once on this machine, containers' limits included. */
import { availableParallelism, constants, setPriority } from "node:os";

export function processorCount(): number {
  return availableParallelism();
}

/** Gives way to every other process; holds for the threads that are started afterwards. A system that refuses is left as it is. */
export function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Without the right to it the work is done at the priority there is.
  }
}
