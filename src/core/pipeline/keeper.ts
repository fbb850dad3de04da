/** A sink that keeps frames, on its way to the source: says of every frame that came to it, or did not, what became of it. */
import type { Returns } from "../memory/returns.js";
import type { RunControl } from "../memory/run-control.js";
import type { FateKind, FateListener } from "../model/fate-record.js";
import { parseJson } from "../model/json.js";
import type { Settlement } from "../model/settlement.js";

export class Keeper implements FateListener {
  readonly #returns: Returns;
  readonly #index: number;
  readonly #control: RunControl;
  /** What the source has had no room for yet, the oldest first. */
  #waiting: Uint8Array[] = [];

  constructor(returns: Returns, index: number, control: RunControl) {
    this.#returns = returns;
    this.#index = index;
    this.#control = control;
  }

  /** Frames are on the disk, synced. */
  stored(firstFrame: number, count: number): void {
    this.#say({ firstFrame, count, fate: "stored", reason: "" });
  }

  /** Of frames that were delivered the last word is to come. */
  add(firstFrame: number, count: number, fate: string, kind: FateKind): void {
    if (kind !== "delivered") this.#say({ firstFrame, count, fate: kind, reason: fate });
  }

  /** It says nothing more; waits until the source has heard it all, or the run is given up. */
  end(): void {
    for (let seen = this.#returns.tookBell; !this.#flush() && !this.#control.isAborted; seen = this.#returns.tookBell) {
      this.#returns.waitForRoom(seen);
    }
    this.#returns.close(this.#index);
  }

  #say(settlement: Settlement): void {
    this.#waiting.push(encode(settlement));
    this.#flush();
  }

  #flush(): boolean {
    let said = 0;
    while (said < this.#waiting.length && this.#returns.say(this.#index, this.#waiting[said]!)) said++;
    this.#waiting = this.#waiting.slice(said);
    return this.#waiting.length === 0;
  }
}

const encoder = new TextEncoder();

function encode({ firstFrame, count, fate, reason }: Settlement): Uint8Array {
  return encoder.encode(JSON.stringify([firstFrame, count, fate, reason]));
}

/** What a keeper said. */
export function decodeSettlement(record: Uint8Array): Settlement {
  const [firstFrame, count, fate, reason] = parseJson(new TextDecoder().decode(record)) as unknown as [
    number,
    number,
    Settlement["fate"],
    string,
  ];
  return { firstFrame, count, fate, reason };
}
