/** How many frames that wait already are stored at once, where that is less work. */
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";

/** Storing a large frame costs so much that what can be shared does not count; and more slots are needed for each. */
const mostBytes = 1_000_000;
const mostFrames = 32;

export function framesTogether(descriptor: StreamDescriptor): number {
  const bytes = descriptor.hasFrames ? frameBytes(descriptor) : 0;
  return Math.max(1, Math.min(mostFrames, Math.floor(mostBytes / Math.max(1, bytes))));
}
