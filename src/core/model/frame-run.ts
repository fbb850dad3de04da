/** Frames that follow one another: `count` of them, from number `firstFrame` on. */
export interface FrameRun {
  firstFrame: number;
  count: number;
}

/** Makes the run longer by frames that go on where it ends; false when these are none of it, and nothing has changed. */
export function extendRun(run: FrameRun | undefined, firstFrame: number, count = 1): boolean {
  if (!run || run.firstFrame + run.count !== firstFrame) return false;
  run.count += count;
  return true;
}
