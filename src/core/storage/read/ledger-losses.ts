/** What a ledger says is not there, by its place among the frames that are stored. */
import type { FateEvent } from "../../model/event.js";
import { eventOf, type LedgerSpan } from "../../model/ledger.js";

/** Reads the ledger once from its begin to its end as frames are asked for in order, and anew for a frame further back. */
export class LedgerLosses {
  readonly #open: () => Iterable<LedgerSpan>;
  #rows: Iterator<LedgerSpan> | undefined;
  /** Stored frames before the row that is held. */
  #place = 0;
  /** Stored frames before the last row that was passed; a call that asks for what lies before has to begin anew. */
  #passed = -1;
  #held: FateEvent | undefined;

  constructor(open: () => Iterable<LedgerSpan>) {
    this.#open = open;
  }

  /** What is missing behind frame `after` and before frame `before` of the file, in the order of the ledger. */
  *between(after: number, before: number): Generator<FateEvent> {
    if (!this.#rows || after < this.#passed) {
      this.#rows = this.#open()[Symbol.iterator]();
      this.#place = 0;
      this.#passed = -1;
      this.#advance();
    }
    for (let event = this.#held; event && this.#place <= before; event = this.#held) {
      if (this.#place > after) yield event;
      this.#passed = this.#place;
      this.#advance();
    }
  }

  #advance(): void {
    this.#held = undefined;
    for (;;) {
      const { value, done } = this.#rows!.next();
      if (done) return;
      this.#held = eventOf(value);
      if (this.#held) return;
      this.#place++;
    }
  }
}
