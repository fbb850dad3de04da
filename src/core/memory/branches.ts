/**
 * Which branches of a run are over: a stage that failed, whose disk is full or whose reader went away needs no more frames, nor
 * does any stage behind it. Once no sink needs any, the source ends; where the run is to end with its first failure, it ends at
 * once.
 */
import type { RunControl } from "./run-control.js";

/** What ends with a stage that needs no more frames. */
export type Ending = "run" | "branch";

export function branchWords(stages: number): number {
  return stages;
}

export class Branches {
  readonly #words: Int32Array;
  readonly #sinksBehind: readonly (readonly number[])[];
  readonly #endsRun: boolean;
  readonly #control: RunControl;

  /** `sinksBehind`: of each stage the sinks that get frames through it, a sink itself. */
  constructor(words: Int32Array, sinksBehind: readonly (readonly number[])[], endsRun: boolean, control: RunControl) {
    this.#words = words;
    this.#sinksBehind = sinksBehind;
    this.#endsRun = endsRun;
    this.#control = control;
  }

  /** Whether there are branches besides that of any one sink. */
  get areSeveral(): boolean {
    return this.#sinksBehind[0]!.length > 1;
  }

  /** Nothing behind this stage, nor itself, needs more frames. Returns what ends with it. */
  end(stageIndex: number): Ending {
    const ending = this.#endingWith(stageIndex);
    if (ending === "run") this.#control.stop();
    return ending;
  }

  /** The same, because nobody reads its output any more. */
  leave(stageIndex: number): Ending {
    const ending = this.#endingWith(stageIndex);
    if (ending === "run") this.#control.leave();
    return ending;
  }

  #endingWith(stageIndex: number): Ending {
    for (const sink of this.#sinksBehind[stageIndex]!) Atomics.store(this.#words, sink, 1);
    const isAnyLeft = this.#sinksBehind[0]!.some((sink) => Atomics.load(this.#words, sink) === 0);
    return !this.#endsRun && isAnyLeft ? "branch" : "run";
  }
}
