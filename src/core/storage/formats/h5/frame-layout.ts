/** Where in a file the frames and their detections go; each layout is one of these. */
import type { Frame } from "../../../memory/frame.js";

export interface FrameLayout {
  /**
   * Hands frames to the file: their rows, and their pixels too unless they are given up. Nothing waits for a later frame, and
   * nothing counts before the commit, of which `committed` or `failed` tells.
   */
  append(frames: readonly Frame[], keepsPixels: boolean): void;
  /** After a filter refused a frame: stores the next ones without, up to the commit. Absent where one filter holds for all frames. */
  skipFilter?(): void;
  committed(): void;
  /** The file is back at the last commit; the frames may come again. */
  failed(): void;
}
