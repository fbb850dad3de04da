/**
 * Lets go of what a run holds, however this process ends: in order, by an exit from anywhere, by a defect that nobody
 * caught, or by a signal before the run hears signals itself.
 */
import { reason } from "../errors.js";
import { Held } from "../held.js";
import { printMessage } from "./terminal.js";

export const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class Departure {
  readonly held: Held;
  #hasRun = false;

  constructor() {
    // Heard only while something outlives the process: a look that waits in a read hears nothing, and a signal ends it as ever.
    this.held = new Held((areThere) => {
      for (const signal of endingSignals) {
        if (areThere && !this.#hasRun) process.on(signal, this.#dieOf);
        else process.off(signal, this.#dieOf);
      }
    });
    process.on("exit", this.#letGo);
  }

  /** The run hears the signals from now on. */
  leaveSignalsToRun(): void {
    this.#hasRun = true;
    for (const signal of endingSignals) process.off(signal, this.#dieOf);
  }

  /** Ends this process abruptly, as the signal would that nobody hears; a shell reads it as 128 and the signal's number. */
  dieOf(signal: NodeJS.Signals): void {
    this.#letGo();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }

  /** The run is over. */
  end(): void {
    this.#letGo();
    process.off("exit", this.#letGo);
  }

  readonly #dieOf = (signal: NodeJS.Signals) => this.dieOf(signal);

  readonly #letGo = () => {
    for (const { what, error } of this.held.releaseAll())
      printMessage(`warning: ${what} could not be let go: ${reason(error)}`);
  };
}
