/** What a recording says of its own losses: read by every format, told again by who replays it. */
import { endFault } from "./end-check.js";
import { type EndOfStream, isLoss } from "./run-report.js";

export interface RecordedLoss {
  /** True when nobody knows what followed its last frame: it was not closed, a failure ended it, or it was made of something that was cut. */
  readonly isCut: boolean;
  /** False when it is cut, or its run was ended before its source was. */
  readonly isComplete: boolean;
  /** Frames lost in all, as its end says; null when nothing says so. */
  readonly lost: number | null;
  /** Who lost them and why, "acquire: device gap"; the first few. */
  readonly reasons: readonly string[];
  /** Of the frames lost, those that came and that its disk refused; absent: none, or nothing says so. */
  readonly notStored?: number;
}

/** Reason of the frames that a recording had lost before it was replayed. */
export const recordedReason = "before, as the recording says";

const mostReasons = 8;
const mostReasonLength = 120;

/** Of a recording that was not closed in order. */
export const cutRecording: RecordedLoss = { isCut: true, isComplete: false, lost: null, reasons: [] };

/** By the end that a recording keeps; an end that cannot be believed counts as none. */
export function lossOfEnd(end: unknown): RecordedLoss {
  if (endFault(end) !== undefined) return cutRecording;
  const { isComplete, lost, stages, failure } = end as EndOfStream;
  const reasons = stages.flatMap(({ stage, dropped, failed }) =>
    [
      ...Object.keys(dropped).filter((reason) => dropped[reason]! > 0 && isLoss(reason)),
      ...(failed > 0 ? ["failed"] : []),
    ].map((reason) => `${stage}: ${reason}`.slice(0, mostReasonLength)),
  );
  return {
    isCut: failure !== undefined || stages.some(tellsCut),
    isComplete,
    lost,
    reasons: reasons.slice(0, mostReasons),
  };
}

/** Whether a stage read something that ended without its last word, or with that of a failure. */
function tellsCut({ summary }: EndOfStream["stages"][number]): boolean {
  const { cutAfterFrame, upstreamFailure } = summary;
  return cutAfterFrame !== undefined || upstreamFailure !== undefined || cutFilesIn(summary).length > 0;
}

/** Files that were not closed, and the last frame of each, as the stage that replayed them says in its summary. */
export function cutFilesIn(summary: Readonly<Record<string, unknown>>): readonly CutFile[] {
  if (!Array.isArray(summary.cutFiles)) return [];
  return (summary.cutFiles as unknown[]).filter(isCutFile);
}

export interface CutFile {
  readonly file: string;
  readonly lastFrame: number;
}

function isCutFile(value: unknown): value is CutFile {
  const { file, lastFrame } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof file === "string" && typeof lastFrame === "number";
}

/** Whether there is anything to tell. */
export function hasLoss({ isCut, isComplete, lost }: RecordedLoss): boolean {
  return isCut || !isComplete || (lost ?? 0) > 0;
}

/** Of several recordings replayed one after the other; undefined when none says anything of itself. */
export function sumOfLosses(losses: readonly (RecordedLoss | undefined)[]): RecordedLoss | undefined {
  const known = losses.filter((loss) => loss !== undefined);
  if (known.length === 0) return undefined;
  return {
    isCut: known.some(({ isCut }) => isCut),
    isComplete: known.every(({ isComplete }) => isComplete),
    lost: known.every(({ lost }) => lost === null) ? null : known.reduce((sum, { lost }) => sum + (lost ?? 0), 0),
    reasons: [...new Set(known.flatMap(({ reasons }) => reasons))].slice(0, mostReasons),
  };
}

/** What is not whole about it, for people, as a clause; undefined when its end was in order. */
export function unfinishedWords({ isCut, isComplete }: RecordedLoss): string | undefined {
  if (isCut) return "was cut short: what followed its last frame is unknown";
  return isComplete ? undefined : "was ended before its source was";
}
