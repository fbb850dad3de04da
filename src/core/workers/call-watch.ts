/**
 * Calls that nothing can interrupt from within, such as those of a library in WebAssembly over a damaged file: a thread says
 * when it is in one and when the call got on, and the thread that started it ends it when it does not come back.
 *
 * Roles: the watched thread alone writes, the one that started it reads.
 */
import { workerData } from "node:worker_threads";
import { failure, type MoteError } from "../errors.js";
import { msSince, now } from "../time.js";

const word = { call: 0, step: 1, count: 2 } as const;
/** The key beside the entry's own data under which a thread finds its words. */
const key = "callWatch";

/** This thread's words; absent on the main thread, where nobody could end a call. */
const own = (workerData as { readonly [key]?: Int32Array } | null)?.[key];
let calls = 0;

/** Does a call that might not come back. */
export function watchedCall<Value>(call: () => Value): Value {
  if (!own) return call();
  calls = (calls % 0x7fff_ffff) + 1;
  Atomics.store(own, word.call, calls);
  try {
    return call();
  } finally {
    Atomics.store(own, word.call, 0);
  }
}

/** The call got on: it asked for bytes it had not had. */
export function watchedStep(): void {
  if (own) Atomics.add(own, word.step, 1);
}

/** A call without a step for so long is over, milliseconds on the clock and of the process' processor time. */
const mostMs = 2000;
const lookEveryMs = 250;

const circleHint = "The file is damaged: its structure leads in a circle.";

/** What a thread's starter gives it, and its look at it. */
export interface CallWatch {
  readonly data: { readonly [key]: Int32Array };
  /** Calls `end` once, with what to tell, when a call does not come back; until the function returned is called. `where`: the thread. */
  watch(where: string, end: (fault: MoteError) => void): () => void;
}

export function createCallWatch(): CallWatch {
  const words = new Int32Array(new SharedArrayBuffer(word.count * 4));
  return {
    data: { [key]: words },
    watch(where, end) {
      let call = 0;
      let step = 0;
      let since = now();
      let usedMs = 0;
      const timer = setInterval(() => {
        const nowCall = Atomics.load(words, word.call);
        if (nowCall === 0) {
          call = 0;
          return;
        }
        const nowStep = Atomics.load(words, word.step);
        const processorMs = usedProcessorMs();
        if (nowCall !== call || nowStep !== step) {
          call = nowCall;
          step = nowStep;
          since = now();
          usedMs = processorMs;
        } else if (msSince(since) > mostMs && processorMs - usedMs > mostMs) {
          // Both clocks: a busy or a suspended machine is no call that hangs.
          clearInterval(timer);
          end(failure("file-damaged", where, "the HDF5 library does not come back from this file", circleHint));
        }
      }, lookEveryMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

function usedProcessorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
