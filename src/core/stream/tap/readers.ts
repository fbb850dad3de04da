/** How readers come to a tap, seen from its thread: through a socket that the main thread listens on, or by opening a named pipe. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { codeOf, type Problem, reason } from "../../errors.js";
import { msSince, now } from "../../time.js";
import { Seats } from "./seats.js";

export interface Arrival {
  /** Does not block. */
  readonly fd: number;
  /** Ends it; called once. */
  leave(): void;
}

/** Readers that came since it was last called. */
export type Arrivals = () => readonly Arrival[];

export function arrivalsAt(shared: SharedArrayBuffer): Arrivals {
  const seats = new Seats(shared);
  return () => {
    const arrived: Arrival[] = [];
    for (let found = seats.takeNew(); found; found = seats.takeNew()) {
      const { at, fd } = found;
      arrived.push({ fd, leave: () => seats.leave(at) });
    }
    return arrived;
  };
}

const lookEveryMs = 20;

/** Readers of a named pipe share what is in it, so one at a time is served, as one. */
export function arrivalsOfPipe(path: string): Arrivals {
  let isOpen = false;
  let lookedAt: ReturnType<typeof now> | undefined;
  return () => {
    if (isOpen || (lookedAt !== undefined && msSince(lookedAt) < lookEveryMs)) return [];
    lookedAt = now();
    let fd: number;
    try {
      // Without a reader this fails; and it never makes a file, where the pipe has gone.
      fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return [];
    }
    const leave = () => {
      isOpen = false;
      closeSync(fd);
    };
    isOpen = true;
    if (fstatSync(fd).isFIFO()) return [{ fd, leave }];
    leave();
    return [];
  };
}

/** What is wrong with a name at which a named pipe should be, if anything. */
export function pipeProblem(where: string, path: string): Problem | undefined {
  const hint = `Make the pipe first: mkfifo '${path}'`;
  try {
    if (statSync(path).isFIFO()) return undefined;
    return { code: "wrong-kind-of-file", where, what: "expected a named pipe, got another kind of file", hint };
  } catch (error) {
    return { code: codeOf(error), where, what: `expected a named pipe: ${reason(error)}`, hint };
  }
}
