/** How many threads can work at once on this machine, containers' limits included. */
import { availableParallelism } from "node:os";

export function processorCount(): number {
  return availableParallelism();
}
