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
