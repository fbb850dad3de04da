/** How a source hears what became of its frames: between two of them, and after the last until every keeper has said all. */
import type { Returns } from "../memory/returns.js";
import type { RunControl } from "../memory/run-control.js";
import type { SettlementReport } from "../model/settlement.js";
import { decodeSettlement } from "./keeper.js";
import { SettlementBook } from "./settlement-book.js";
import type { SourceInstance } from "./stage.js";

export class Settling {
  readonly #returns: Returns;
  readonly #book: SettlementBook;
  readonly #hear: NonNullable<SourceInstance["settled"]>;

  constructor(returns: Returns, hear: NonNullable<SourceInstance["settled"]>) {
    this.#returns = returns;
    this.#book = new SettlementBook(returns.keepers);
    this.#hear = hear;
  }

  get report(): SettlementReport {
    return this.#book.counts;
  }

  /** A frame is about to be handed out. */
  came(frameNumber: number): void {
    this.#book.came(frameNumber);
  }

  /** Hands the source what is known by now. */
  async deliver(): Promise<void> {
    for (let keeper = 0; keeper < this.#returns.keepers; keeper++) {
      for (const record of this.#returns.take(keeper)) this.#book.heard(decodeSettlement(record));
    }
    const settled = this.#book.take();
    if (settled.length > 0) await this.#hear(settled);
  }

  /** After the last frame: until every keeper has said its last, or the run is given up. */
  async deliverRest(control: RunControl): Promise<void> {
    for (;;) {
      const seen = this.#returns.saidBell;
      const isOpen = this.#someIsOpen();
      await this.deliver();
      if (!isOpen || control.isAborted) break;
      this.#returns.waitForWord(seen);
    }
    this.#book.end(control.isAborted ? "the run was given up" : "nobody says that it is on the disk");
    await this.deliver();
  }

  #someIsOpen(): boolean {
    for (let keeper = 0; keeper < this.#returns.keepers; keeper++) if (this.#returns.isOpen(keeper)) return true;
    return false;
  }
}
