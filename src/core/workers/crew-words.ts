/**
 * The words that a crew shares. An item's owner says everything about it: open, taken by a member, done or failed. Only
 * the claim that turns "open" into a member's number hands an item out, so no item is done twice, and what a member held
 * when it died is known exactly. The ticket is a hint where to look next: it may be behind or ahead, never wrong.
 *
 * Roles: the caller (member 0) alone opens a job, and only when every item of the one before is settled. A member that
 * woke late for the last job and still looks for items may take one of the next: its parameters are written before the
 * first item opens.
 */

const word = { bell: 0, finished: 1, isStopped: 2, ticket: 3, count: 4, owners: 16 } as const;
const ownerState = { open: 0, done: -1, failed: -2 } as const;
/** Numbers that a job hands to its items. */
export const jobNumbers = 8;
const messageBytes = 1024;

export interface CrewBuffers {
  readonly control: SharedArrayBuffer;
  readonly job: SharedArrayBuffer;
  /** One message a member: its length, then UTF-8. */
  readonly messages: SharedArrayBuffer;
}

export function createCrewBuffers(members: number, mostItems: number): CrewBuffers {
  const buffers = {
    control: new SharedArrayBuffer((word.owners + mostItems) * 4),
    job: new SharedArrayBuffer(jobNumbers * 8),
    messages: new SharedArrayBuffer(members * messageBytes),
  };
  new Int32Array(buffers.control).fill(ownerState.done, word.owners);
  return buffers;
}

export class CrewWords {
  readonly job: Float64Array;
  readonly #control: Int32Array;
  readonly #messages: Uint8Array;

  constructor(buffers: CrewBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.job = new Float64Array(buffers.job);
    this.#messages = new Uint8Array(buffers.messages);
  }

  /** Opens `count` items and wakes the members. */
  open(count: number, job: readonly number[]): void {
    this.job.set(job);
    Atomics.store(this.#control, word.count, count);
    for (let item = 0; item < count; item++) Atomics.store(this.#control, word.owners + item, ownerState.open);
    // Last: whoever draws a ticket from here on finds its item open, or taken by a late member.
    Atomics.store(this.#control, word.ticket, 0);
    this.#ringBell();
  }

  /** Tells the members to end. */
  stop(): void {
    Atomics.store(this.#control, word.isStopped, 1);
    this.#ringBell();
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, word.isStopped) === 1;
  }

  get bell(): number {
    return Atomics.load(this.#control, word.bell);
  }

  /** Sleeps until the bell has rung since it was `seen`. */
  waitForBell(seen: number): void {
    Atomics.wait(this.#control, word.bell, seen);
  }

  /** An open item, now this member's; -1 when there is none. */
  claim(member: number): number {
    for (;;) {
      const item = Atomics.add(this.#control, word.ticket, 1);
      if (item >= Atomics.load(this.#control, word.count)) return -1;
      if (this.#pass(item, ownerState.open, member + 1)) return item;
    }
  }

  /** Takes over what a member held that is no more; -1 when it held nothing. */
  inherit(from: number, to: number): number {
    const count = Atomics.load(this.#control, word.count);
    for (let item = 0; item < count; item++) if (this.#pass(item, from + 1, to + 1)) return item;
    return -1;
  }

  settle(item: number): void {
    this.#finish(item, ownerState.done);
  }

  fail(item: number, member: number, message: string): void {
    const start = member * messageBytes;
    const { written } = new TextEncoder().encodeInto(message, this.#messages.subarray(start + 2, start + messageBytes));
    this.#messages[start] = written & 255;
    this.#messages[start + 1] = written >> 8;
    this.#finish(item, ownerState.failed - member);
  }

  /** True when every item is settled, well or not. */
  get isFinished(): boolean {
    const count = Atomics.load(this.#control, word.count);
    for (let item = 0; item < count; item++) if (Atomics.load(this.#control, word.owners + item) >= 0) return false;
    return true;
  }

  /** What went wrong with the first item that failed; undefined when none did. */
  get failure(): string | undefined {
    const count = Atomics.load(this.#control, word.count);
    for (let item = 0; item < count; item++) {
      const owner = Atomics.load(this.#control, word.owners + item);
      if (owner > ownerState.failed) continue;
      const start = (ownerState.failed - owner) * messageBytes;
      const length = this.#messages[start]! | (this.#messages[start + 1]! << 8);
      // Decoded from a copy: text decoders refuse shared memory.
      return new TextDecoder().decode(this.#messages.slice(start + 2, start + 2 + length));
    }
    return undefined;
  }

  get finished(): number {
    return Atomics.load(this.#control, word.finished);
  }

  /** Sleeps until an item was settled since `finished` was `seen`; false when `ms` went by without. */
  waitForFinished(seen: number, ms: number): boolean {
    return Atomics.wait(this.#control, word.finished, seen, ms) !== "timed-out";
  }

  #pass(item: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#control, word.owners + item, from, to) === from;
  }

  #finish(item: number, state: number): void {
    Atomics.store(this.#control, word.owners + item, state);
    Atomics.add(this.#control, word.finished, 1);
    Atomics.notify(this.#control, word.finished);
  }

  #ringBell(): void {
    Atomics.add(this.#control, word.bell, 1);
    Atomics.notify(this.#control, word.bell);
  }
}
