/** Losses of recordings that are replayed: told again at their place under the numbers of this stream, and added up. */
import type { FateEvent } from "../../model/event.js";
import { isLossEvent, mostFrames } from "../../model/event-check.js";
import { type CutFile, type RecordedLoss, recordedReason, unfinishedWords } from "../../model/recorded-loss.js";
import type { CameraContext } from "../frame-source.js";

/** Reason of a jump of the frame numbers that nothing in the recording explains. */
const untoldReason = "not in the recording, which does not say why";

export class RecordedLosses {
  readonly #context: CameraContext;
  /** Frames told as lost, of the recording that is being replayed. */
  #told = 0;
  /** Frames lost between the frame before and the one at hand, as told by events. */
  #toldHere = 0;
  #isComplete = true;
  readonly #cut: CutFile[] = [];
  readonly #warned = new Set<string>();

  constructor(context: CameraContext) {
    this.#context = context;
  }

  /** False when a recording that was replayed to its end says that it is not all there was. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Recordings that nobody closed, each with the last frame it gave. */
  get cutFiles(): readonly CutFile[] {
    return this.#cut;
  }

  /** A recording's turn begins, anew or again; `isContinued`: it is a later part of the one before. */
  begin(path: string, loss: RecordedLoss | undefined, isContinued = false): void {
    this.#told = 0;
    if (!isContinued) this.#toldHere = 0;
    const words = loss && unfinishedWords(loss);
    if (words && !this.#warned.has(path)) this.#context.warn(`${path} ${words}`);
    this.#warned.add(path);
  }

  /** Tells what the recording says of frames that are not in it; `numbersFrom` is what its frame 0 is in this stream. */
  tell(event: FateEvent, numbersFrom: number): void {
    const firstFrame = numbersFrom + event.firstFrame;
    if (firstFrame + event.count > mostFrames) {
      throw new Error(`${event.count} lost frames from frame ${firstFrame} on: frame numbers end at ${mostFrames}`);
    }
    if (isLossEvent(event)) {
      this.#told += event.count;
      this.#toldHere += event.count;
    }
    this.#context.emit({ ...event, firstFrame, isRecorded: true });
  }

  /** Frame `number` comes behind frame `before`: what neither an event nor `expected` (their distance when all is well) explains is a gap. */
  arrive(before: number, number: number, expected: number): void {
    const untold = number - before - expected - this.#toldHere;
    this.arrived();
    this.tellMissing(number - untold, number, untoldReason);
  }

  /** Losses told from here on come behind this frame. */
  arrived(): void {
    this.#toldHere = 0;
  }

  /**
   * Frame `number` is the first of a later part of a recording, frame `before` the last one of the part before. What neither
   * the losses told behind that one nor `expected` explains is missing between the parts, from frame `firstFrame` on.
   */
  join(before: number, number: number, expected: number, firstFrame: number, missing = untoldReason): void {
    const untold = number - before - expected - this.#toldHere;
    this.tellMissing(firstFrame, firstFrame + untold, missing);
  }

  /** Frames of a recording that are not in it, up to frame `end`; nothing where that is not behind `firstFrame`. */
  tellMissing(firstFrame: number, end: number, reason: string): void {
    const count = end - firstFrame;
    if (count <= 0) return;
    this.#told += count;
    this.#context.emit({ event: "gap", firstFrame, count, reason, isRecorded: true });
  }

  /** A recording was replayed up to its end, `isWhole` from its begin and without leaving frames out. */
  finish(path: string, loss: RecordedLoss | undefined, lastFrame: number, isWhole: boolean): void {
    if (!loss) return;
    if (isWhole && loss.lost !== null && loss.lost > this.#told) {
      // Its end counts more than its events tell: which frames they were, nobody knows.
      this.#context.countLost(loss.lost - this.#told, recordedReason, "in");
    }
    this.#isComplete &&= loss.isComplete;
    if (loss.isCut && !this.#cut.some(({ file }) => file === path)) this.#cut.push({ file: path, lastFrame });
  }
}
