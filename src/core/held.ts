/**
 * What a run holds of the world before its stages are open, and how each thing is let go: ports, children, sockets and
 * their files, locks, descriptors. One list, so that every exit finds all of it, also one that nobody planned.
 */

type Awaitable<Value> = Value | Promise<Value>;

/** Brings one thing into its safe state: synchronous, since the process may be about to end; called once. */
export type LetGo = () => void;

/** "survives": the system does not take it back when the process ends, as it does with descriptors ("ends-with-process"). */
export type Lifetime = "survives" | "ends-with-process";

/** Number of an entry: plain data, so that it may stand in a plan. */
export type Holding = number;

/** What those who come to hold something see of the list. */
export interface Holder {
  /** Enters a thing, the moment it is there; `what` is for complaints: "unix:/tmp/a.sock". */
  hold(what: string, letGo: LetGo, lifetime: Lifetime): Holding;
  /** Strikes it off without letting it go: who calls has it now, or has let it go. */
  takeOver(holding: Holding): void;
  /** Lets one thing go; nothing happens when that was done before. What goes wrong is thrown. */
  release(holding: Holding): void;
}

/** What a stage, or its camera, holds of the world while the run goes on: a port, a process, a socket. Everything here happens on the main thread. */
export interface Connection<Data = unknown> {
  /** Plain data, for the stage's threads: `context.connection`. */
  readonly data: Data;
  /**
   * Lets everything go; called on every exit. "in-order": the stage's threads have ended, or never began, and there is time to
   * wait. "abrupt": the run is aborted or the process is about to end; the thing is brought into its safe state (light off,
   * shutter closed, child killed, socket file removed) before the call returns, whatever the stage's threads are doing. It may
   * come while "in-order" is under way.
   */
  disconnect(how: "in-order" | "abrupt"): Awaitable<void>;
  /** "ends-with-process": nothing of it does harm, so that an abort leaves it to the threads until they have ended. Default "survives". */
  readonly lifetime?: Lifetime;
  /**
   * Called when the run drains, stops or is aborted, and when it has something for the stage: brings a thread back that waits
   * in a call of its own. It may come before that wait has begun, so it leaves something that the wait finds.
   */
  wake?(): void;
}

export interface ConnectContext {
  /** Name in reports and messages. */
  readonly label: string;
  /** Where `connect` enters each thing the moment it is there, when it has to wait for another before it returns. */
  readonly holder: Holder;
}

interface Entry {
  readonly what: string;
  readonly letGo: LetGo;
  readonly lifetime: Lifetime;
}

export class Held implements Holder {
  /** In the order of entering. */
  readonly #entries = new Map<Holding, Entry>();
  readonly #onSurvivors: (areThere: boolean) => void;
  #next: Holding = 0;
  #hasSurvivors = false;

  /** `onSurvivors` hears when the first thing comes that outlives the process, and when the last of them has gone. */
  constructor(onSurvivors: (areThere: boolean) => void = () => {}) {
    this.#onSurvivors = onSurvivors;
  }

  hold(what: string, letGo: LetGo, lifetime: Lifetime): Holding {
    const holding = this.#next++;
    this.#entries.set(holding, { what, letGo, lifetime });
    this.#tell();
    return holding;
  }

  takeOver(holding: Holding): void {
    this.#entries.delete(holding);
    this.#tell();
  }

  release(holding: Holding): void {
    const entry = this.#entries.get(holding);
    if (!entry) return;
    // Struck off first: letting go may end in here again, as when a signal comes meanwhile.
    this.#entries.delete(holding);
    try {
      entry.letGo();
    } finally {
      this.#tell();
    }
  }

  /** Lets everything go, the last first; one that fails keeps none of the others. Returns what failed, in words. */
  releaseAll(): readonly { readonly what: string; readonly error: unknown }[] {
    const failed: { what: string; error: unknown }[] = [];
    for (const [holding, { what }] of [...this.#entries].reverse()) {
      try {
        this.release(holding);
      } catch (error) {
        failed.push({ what, error });
      }
    }
    return failed;
  }

  /** What is held now, the first first. */
  get names(): readonly string[] {
    return [...this.#entries.values()].map(({ what }) => what);
  }

  #tell(): void {
    const hasSurvivors = [...this.#entries.values()].some(({ lifetime }) => lifetime === "survives");
    if (hasSurvivors === this.#hasSurvivors) return;
    this.#hasSurvivors = hasSurvivors;
    this.#onSurvivors(hasSurvivors);
  }
}
