/** Faults that a simulated device is told to have: `drop@100`, `drop@100-105`, `duplicate@200`. */

export interface Fault {
  readonly kind: "drop" | "duplicate";
  /** Device frame numbers, first and last. */
  readonly first: number;
  readonly last: number;
}

/** Undefined for what is no fault. */
export function parseFault(text: string): Fault | undefined {
  const match = /^(drop|duplicate)@(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[2]);
  const last = match[3] === undefined ? first : Number(match[3]);
  if (!Number.isSafeInteger(last) || last < first) return undefined;
  return { kind: match[1] as Fault["kind"], first, last };
}

export function hasFault(faults: readonly Fault[], kind: Fault["kind"], deviceFrameNumber: number): boolean {
  return faults.some(
    (fault) => fault.kind === kind && deviceFrameNumber >= fault.first && deviceFrameNumber <= fault.last,
  );
}

/** How many of the first `frames` frames are lost to faults, which may overlap. */
export function countDropped(faults: readonly Fault[], frames: number): number {
  let lost = 0;
  let next = 0;
  for (const { kind, first, last } of [...faults].sort((a, b) => a.first - b.first)) {
    if (kind !== "drop") continue;
    const from = Math.max(first, next);
    const to = Math.min(last, frames - 1);
    if (to >= from) lost += to - from + 1;
    next = Math.max(next, to + 1);
  }
  return lost;
}
