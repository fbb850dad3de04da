/**
 * A descriptor that two threads may close, and that is closed once: its number may be another file's the next moment, and
 * whoever closed it again would close that one. Plain data of it crosses threads.
 */
import { closeSync } from "node:fs";

export interface SharedDescriptor {
  readonly fd: number;
  /** One word: 1 while it is open and ours to close. */
  readonly open: SharedArrayBuffer;
}

export class OnceClosed {
  readonly shared: SharedDescriptor;
  readonly #open: Int32Array;

  constructor(shared: SharedDescriptor) {
    this.shared = shared;
    this.#open = new Int32Array(shared.open);
  }

  /** Of a descriptor that is ours to close. */
  static own(fd: number): OnceClosed {
    const descriptor = OnceClosed.foreign(fd);
    descriptor.#open[0] = 1;
    return descriptor;
  }

  /** Of one that was open before, as stdin is, and stays open. */
  static foreign(fd: number): OnceClosed {
    return new OnceClosed({ fd, open: new SharedArrayBuffer(4) });
  }

  close(): void {
    if (Atomics.exchange(this.#open, 0, 0) === 1) closeSync(this.shared.fd);
  }
}
