/** What a run says of itself when it ends: per stage, what came in, what went out and what became of the rest. */
import type { JsonObject } from "./json.js";
import type { SettlementReport } from "./settlement.js";

export interface StageReport {
  readonly stage: string;
  /** In a run that has branches: the stage that its frames came from; absent of the source, and where the stages are a row. */
  readonly from?: string;
  readonly in: number;
  readonly out: number;
  /** Frames given up on purpose or for want of room, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: number;
  /** Milliseconds from arrival at the stage to leaving it. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Milliseconds from the frame's arrival in this process to leaving the stage; 0 of a source. */
  readonly ageMs: { readonly p50: number; readonly p99: number };
  /** Frames waiting in front of the stage: now (at the end: 0) and at most. */
  readonly queueDepth: { readonly now: number; readonly most: number };
  /** Share of the run's time that the stage's threads were working, 0 to 1 a thread. */
  readonly busyShare: number;
  /** What the stage itself counts: particles, tracks, files. */
  readonly summary: JsonObject;
  /** Frames that the stage copied before it changed their pixels, since others held them too; absent when none. */
  readonly copied?: number;
  /** Of a source that hears what became of its frames: how many were stored by all that keep frames, lost or failed; absent of others. */
  readonly settled?: SettlementReport;
  /** What the link behind the stage spilled to a disk; absent when its policy is another or nothing was spilled. */
  readonly spill?: SpillReport;
}

export interface SpillReport {
  /** Frames that went to the disk. */
  readonly frames: number;
  /** Of these, frames that came back and went on; the others are among the dropped. */
  readonly returned: number;
  /** The most the spool took on the disk at any moment. */
  readonly mostBytes: number;
}

/** What became of the frames on the way from one stage to another. */
export interface LinkReport {
  readonly from: string;
  readonly to: string;
  readonly policy: string;
  /** Every how many frames one was taken; the others are dropped, and no loss. */
  readonly every: number;
  readonly in: number;
  readonly out: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly spill?: SpillReport;
}

/** What an observer saw of a stage's frames; what it did not is no loss. */
export interface TapReport {
  readonly tap: string;
  /** The stage whose frames these are. */
  readonly of: string;
  readonly policy: string;
  readonly every: number;
  /** Frames that the stage passed on. */
  readonly in: number;
  /** Of these, frames that went to a reader at least. */
  readonly shown: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Readers that came. */
  readonly readers: number;
}

export interface RunReport {
  readonly elapsedMs: number;
  /** Frames lost anywhere: gaps at the device, drops and failures. */
  readonly lost: number;
  /** Loss by stage and reason, for people: "acquire: 3 frames lost (device gap)"; not empty: exit code 3. */
  readonly losses: readonly string[];
  /** Each behind the one that feeds it. Of a stage with one link behind it, what that gave up is among its dropped frames. */
  readonly stages: readonly StageReport[];
  readonly links: readonly LinkReport[];
  readonly taps: readonly TapReport[];
  /** Slots lent, and how many of the loans had to take one from the reserve: more than a few say the run was sized too small. */
  readonly pool: { readonly loans: number; readonly fromReserve: number };
  /** Pool slots that were not returned; anything but 0 is a defect of Mote. */
  readonly leakedSlots: number;
}

/** The last word of a stream: what every stage before this one has to report. */
export interface EndOfStream {
  /** False when the run upstream was interrupted or failed before its source was exhausted. */
  readonly isComplete: boolean;
  /** Frames lost upstream, all reasons together. */
  readonly lost: number;
  readonly stages: readonly StageReport[];
  /** What failed and ended the stream before its source did, in words; the frames before it are all there or counted. */
  readonly failure?: string;
  /** In a file: how many frames that came, at least, are not in it with all they should have, because its disk refused them. */
  readonly notStored?: number;
}

/** Frames that came to a stage which had failed. */
export const stageFailedReason = "the stage failed";
/** A frame that a stage could not do, alone. */
export const frameFailedReason = "failed";

/** Reasons to give a frame up that lose nothing: it is there already, or nobody reads any more. */
export const harmlessReasons = {
  duplicate: "duplicate",
  everyNth: "left out, as only every so many are taken",
  readerGone: "the reader went away",
  notShown: "not shown, as a tap has the newest frames",
} as const;

/** A camera does not wait for the next reader. */
const leftReason = "left by the reader of a live stream";

/** Why frames are given up when nobody reads a stream any more: of a live one they are lost, another still has them. */
export function readerGoneReason(isLive: boolean): string {
  return isLive ? leftReason : harmlessReasons.readerGone;
}

/** Whether frames given up for this reason are lost. */
export function isLoss(reason: string): boolean {
  return !(Object.values(harmlessReasons) as readonly string[]).includes(reason);
}
