/**
 * What the stages of a run hold before any of them is open: connected one after the other, and disconnected in the reverse
 * order, on every way out. The abrupt way is entered in the list of what is held, so that it is taken also when nobody here
 * gets to take the other one.
 */
import { codeOf, failure, MoteError, reason } from "../errors.js";
import type { Connection, Held, Holding } from "../held.js";
import type { PlannedStage } from "./negotiate.js";

interface Connected {
  readonly label: string;
  readonly connection: Connection;
  readonly holding: Holding;
}

export class Connections {
  readonly #held: Held;
  /** By the stage's place in the run. */
  readonly #connected = new Map<number, Connected>();
  readonly #failed: MoteError[] = [];

  constructor(held: Held) {
    this.#held = held;
  }

  /** Connects the stages in their order; when one cannot be, those before it are disconnected and the error is thrown. */
  async connect(stages: readonly PlannedStage[]): Promise<void> {
    try {
      for (const [stageIndex, { stage, label, plan }] of stages.entries()) {
        const connection = await stage.connect?.(plan, { label, holder: this.#held });
        if (!connection) continue;
        const letGo = () => {
          // Its safe state is reached when the call returns; what it says later is still heard.
          void Promise.resolve(connection.disconnect("abrupt")).catch((error) => this.#fail(label, error));
        };
        const holding = this.#held.hold(label, letGo, connection.lifetime ?? "survives");
        this.#connected.set(stageIndex, { label, connection, holding });
      }
    } catch (error) {
      await this.disconnect("in-order");
      throw error;
    }
  }

  /** What the threads of a stage are given of its connection. */
  dataFor(stageIndex: number): unknown {
    return this.#connected.get(stageIndex)?.connection.data;
  }

  /** Brings a stage, or all, back from a wait of its own. */
  wake(stageIndex?: number): void {
    for (const [at, { connection }] of this.#connected) {
      if (stageIndex !== undefined && stageIndex !== at) continue;
      try {
        connection.wake?.();
      } catch {
        // What has gone by itself needs no waking; its stage says why.
      }
    }
  }

  /** The run is aborted: all that could do harm is let go now, not when the last thread has seen it. */
  abort(): void {
    for (const one of [...this.#connected.values()].reverse())
      if (one.connection.lifetime !== "ends-with-process") this.#release(one);
  }

  /** Returns what went wrong, the first first; a stage that cannot be disconnected in order is disconnected abruptly. */
  async disconnect(how: "in-order" | "abrupt"): Promise<readonly MoteError[]> {
    for (const [at, one] of [...this.#connected].reverse()) {
      if (how === "in-order") await this.#disconnectInOrder(one);
      this.#release(one);
      this.#connected.delete(at);
    }
    return this.#failed;
  }

  /** Stays in the list until it is done: the process may end abruptly meanwhile. */
  async #disconnectInOrder(one: Connected): Promise<void> {
    try {
      await one.connection.disconnect("in-order");
      this.#held.takeOver(one.holding);
    } catch (error) {
      this.#fail(one.label, error);
    }
  }

  /** Nothing happens when it was let go before. */
  #release({ label, holding }: Connected): void {
    try {
      this.#held.release(holding);
    } catch (error) {
      this.#fail(label, error);
    }
  }

  #fail(label: string, error: unknown): void {
    this.#failed.push(disconnectFailure(label, error));
  }
}

function disconnectFailure(label: string, error: unknown): MoteError {
  if (error instanceof MoteError) return error;
  return failure(
    codeOf(error),
    label,
    `what it held could not be let go: ${reason(error)}`,
    "See to it by hand.",
    error,
  );
}
