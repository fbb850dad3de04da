/** What became of frames that have no file in a folder, told between the frames that have one. */
import type { FateEvent } from "../../model/event.js";
import { damagedReason } from "./recover-frames.js";

export class EventsInOrder {
  readonly #events: readonly FateEvent[];
  #told = 0;

  /** `recorded`: what the journal says. `bad`: numbers of the frames whose files are not whole. */
  constructor(recorded: readonly FateEvent[], bad: readonly number[]) {
    const lost = bad.map(
      (firstFrame): FateEvent => ({ event: "drop", stage: "recover", firstFrame, count: 1, reason: damagedReason }),
    );
    this.#events = [...recorded.map((event): FateEvent => ({ ...event, isRecorded: true })), ...lost].sort(
      (a, b) => a.firstFrame - b.firstFrame,
    );
  }

  /** Those not told yet of frames before this number. */
  *before(number: number): Generator<FateEvent> {
    while (this.#told < this.#events.length && this.#events[this.#told]!.firstFrame < number) {
      yield this.#events[this.#told++]!;
    }
  }
}
