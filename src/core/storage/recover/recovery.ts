/** What `mote recover` gets out of one file, and what it has to leave: counted, with frame numbers where they are known. */

import { longAgo, msSince, now } from "../../time.js";
import type { Container } from "../formats/format.js";
import { breathEveryMs } from "../verify/verification.js";

/** Something that could not be got back. */
export interface Loss {
  /** "frames 12 to 14: their bytes are damaged". */
  readonly what: string;
  /** How many frames; 0 when it concerns something else, null when nobody knows. */
  readonly frames: number | null;
  readonly firstFrame: number | null;
}

/** "unknown": nothing in the file says whether it was finished, as in a table of lines. */
export type Ending = "finished" | "unfinished" | "unknown";

const mostLosses = 100;

/** A recovery while it goes on: a format's salvager tells it what it wrote and what it lost. */
export class Recovery {
  readonly path: string;
  readonly out: string;
  /** Whole frames written; null for a table. */
  frames: number | null = null;
  /** Detections or lines written; null where there are none. */
  rows: number | null = null;
  /** Frames that the source says were lost before, while it was recorded; they are none of the recovery's own losses. */
  recordedLost = 0;
  readonly losses: Loss[] = [];
  readonly notes: string[] = [];
  #ending: Ending = "unknown";
  #lossCount = 0;
  /** Why the last loss was one, while a range may go on for that reason. */
  #lastRangeOf: string | undefined;
  #lostFrames = 0;
  #isLostUnknown = false;
  #breathedAt = longAgo;
  readonly #onProgress: (done: number, total: number) => void;

  constructor(path: string, out: string, onProgress: (done: number, total: number) => void = () => {}) {
    this.path = path;
    this.out = out;
    this.#onProgress = onProgress;
  }

  get lossCount(): number {
    return this.#lossCount;
  }

  /** Frames lost as far as they can be counted. */
  get lostFrames(): number {
    return this.#lostFrames;
  }

  /** False when more may have been lost than `lostFrames`: nothing says how long the recording was. */
  get isLostCounted(): boolean {
    return !this.#isLostUnknown;
  }

  lost(what: string, frames: number | null = 0, firstFrame: number | null = null): void {
    this.#lossCount++;
    this.#lastRangeOf = undefined;
    if (frames === null) this.#isLostUnknown = true;
    else this.#lostFrames += frames;
    if (this.losses.length < mostLosses) this.losses.push({ what, frames, firstFrame });
  }

  /** Loses `count` frames from number `first` on; ranges that continue each other for the same reason are told as one. */
  lostRange(first: number, count: number, why: string): void {
    const before = this.losses.at(-1);
    const isContinued =
      before?.firstFrame != null && before.firstFrame + (before.frames ?? 0) === first && this.#lastRangeOf === why;
    if (!isContinued) {
      this.lost(`${frameRange(first, count)}: ${why}`, count, first);
      this.#lastRangeOf = why;
      return;
    }
    const frames = (before.frames ?? 0) + count;
    this.#lostFrames += count;
    this.losses[this.losses.length - 1] = {
      what: `${frameRange(before.firstFrame, frames)}: ${why}`,
      frames,
      firstFrame: before.firstFrame,
    };
  }

  /** The source says itself that it was finished, by a mark of its format. */
  finished(): void {
    this.#ending = "finished";
  }

  /** The source was not finished, and what is missing at its end is told as losses. */
  unfinished(): void {
    this.#ending = "unfinished";
  }

  /**
   * The same, and tells what is missing at the end: counted when the recording said before how long it would be. `next`: the
   * first frame behind those that are there.
   */
  unfinishedBehind(what: string, next: number, announced: number | null = null): void {
    this.unfinished();
    if (announced === null) {
      const after = next === 0 ? "all frames, if there were any" : `the frames after ${next - 1}, if there were any`;
      this.lost(`${after}: ${what}, and nothing says how long the run was`, null);
    } else if (next < announced) {
      this.lostRange(next, announced - next, `missing, ${what} (${announced} frames were announced)`);
    } else this.note(`${what}; all ${announced} announced frames are there`);
  }

  /** What is known of the source's end. */
  get ending(): Ending {
    return this.#ending;
  }

  /** Something was lost, or nobody knows whether: the source was not finished. The end of a finished one told its losses already. */
  get hasLoss(): boolean {
    const isToldHere = this.recordedLost > 0 && this.#ending !== "finished";
    return this.#lossCount > 0 || isToldHere || this.#ending === "unfinished";
  }

  /** Worth knowing, and no loss: what was repaired, what was put where. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** How far the work is, in any unit; to be awaited, so that timers and signals have their turn. */
  async progress(done: number, total: number): Promise<void> {
    this.#onProgress(done, total);
    if (msSince(this.#breathedAt) < breathEveryMs) return;
    this.#breathedAt = now();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** "frames 12 to 14", "frame 12". */
export function frameRange(first: number, count: number): string {
  const name = (frame: number) => frame.toLocaleString("en-US");
  return count === 1 ? `frame ${name(first)}` : `frames ${name(first)} to ${name(first + count - 1)}`;
}

export interface RecoverRequest {
  /** For complaints: "recover, cut.mote". */
  readonly where: string;
  /** Mote's own, for the provenance of what is written. */
  readonly version: string;
}

export interface RecoverContext extends RecoverRequest {
  /** What the output's name stands for; undefined where its extension is none that is known, as a folder's is not. */
  readonly container: Container | undefined;
  /** The same; a refusal where it is none. */
  containerOf(): Container;
}

/**
 * Salvages `recovery.path`, which is only read, into `recovery.out`, which is not there yet; throws when nothing can be
 * got back, and leaves no file then.
 */
export type Recover = (recovery: Recovery, context: RecoverContext) => Promise<void>;
