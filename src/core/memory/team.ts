/**
 * Threads that work on one thing together: the work is a series of steps, each step a number of pieces, and nobody goes on
 * to the next step before the last piece of this one is done. All members make the same calls in the same order.
 */
import type { RunControl } from "./run-control.js";

export interface Team {
  /** 0 to size - 1. */
  readonly member: number;
  readonly size: number;
  /**
   * Does the pieces 0 to `count` - 1, each by one of the members. Member m begins with the pieces from homes[m] to
   * homes[m + 1] - 1, equal parts where `homes` is not given, and goes on with what the next members have not begun: the
   * same part of a frame stays in the same processor's caches from step to step, and nobody waits for the slowest for long.
   * When all are done one member runs `finish`, alone, and its number is what every member gets. What was written before is
   * seen by all afterwards. Throws `TeamDissolved` where the run was aborted or a member gave up: a member that failed
   * never keeps the others.
   */
  share(count: number, work: (piece: number) => void, finish: () => number, homes?: readonly number[]): number;
  /** A member cannot go on, and so nobody can. True for the first that says so. */
  dissolve(): boolean;
}

/** The run was aborted, or another member gave up, while this one waited. */
export class TeamDissolved extends Error {}

/** A team of one. */
export const soloTeam: Team = {
  member: 0,
  size: 1,
  share(count, work, finish) {
    for (let piece = 0; piece < count; piece++) work(piece);
    return finish();
  },
  dissolve: () => true,
};

/** Each on a cache line of its own: pieces are taken while others look at the step. `taken` has one for every member. */
const line = 16;
const word = { arrived: 0, isDissolved: 1, step: line, results: 2 * line, taken: 3 * line } as const;

/** Words of shared bookkeeping that a team needs. */
export function teamWords(size: number): number {
  return word.taken + size * line;
}

/**
 * Looks at the step before a member sleeps, some 10 us; waking a thread takes 50 us and more.
 * Longer looking would take the processor from those who are waited for where there are more threads than cores.
 */
const looks = 1000;

export function joinTeam(words: Int32Array, member: number, size: number, control: RunControl): Team {
  // Two places, used in turn: a member may read a result while another one finishes the next step.
  const results = new Float64Array(words.buffer, words.byteOffset + word.results * 4, 2);

  function waitForStep(after: number): void {
    for (let look = 0; look < looks; look++) if (Atomics.load(words, word.step) !== after) return;
    while (Atomics.load(words, word.step) === after) {
      if (control.isAborted || Atomics.load(words, word.isDissolved) === 1) throw new TeamDissolved();
      Atomics.wait(words, word.step, after, 100);
    }
  }

  return {
    member,
    size,
    share(count, work, finish, homes) {
      const step = Atomics.load(words, word.step);
      for (let turn = 0; turn < size; turn++) {
        const home = (member + turn) % size;
        const first = homes ? homes[home]! : Math.floor((count * home) / size);
        const end = homes ? homes[home + 1]! : Math.floor((count * (home + 1)) / size);
        const at = word.taken + home * line;
        while (first + Atomics.load(words, at) < end) {
          const piece = first + Atomics.add(words, at, 1);
          if (piece < end) work(piece);
        }
      }
      if (Atomics.add(words, word.arrived, 1) < size - 1) waitForStep(step);
      else {
        results[step & 1] = finish();
        for (let home = 0; home < size; home++) Atomics.store(words, word.taken + home * line, 0);
        Atomics.store(words, word.arrived, 0);
        Atomics.add(words, word.step, 1);
        Atomics.notify(words, word.step);
      }
      return results[step & 1]!;
    },
    dissolve() {
      const isFirst = Atomics.exchange(words, word.isDissolved, 1) === 0;
      Atomics.notify(words, word.step);
      return isFirst;
    },
  };
}
