/** The full-disk policy of a sink that writes into one folder: looks at its disk, waits, or ends the run in order. */
import { join } from "node:path";
import type { Ending } from "../../memory/branches.js";
import { formatBytes, formatCount } from "../../units.js";
import { type DiskFault, diskComplaint, diskFault, lossReason } from "./disk-fault.js";
import type { DiskPlan } from "./disk-options.js";
import { DiskWatch } from "./disk-watch.js";
import { type PauseContext, PauseForRoom } from "./pause-for-room.js";

/** Frames there has to be room for before a run that waited goes on. */
export const framesToGoOn = 8;

export interface GuardContext extends PauseContext {
  endRun(): Ending;
}

export interface Guarded {
  /** The folder that is written to. */
  readonly folder: string;
  /** What a frame may take, bytes. */
  readonly frameBytes: number;
}

export class DiskGuard {
  readonly #plan: DiskPlan;
  readonly #context: GuardContext;
  readonly #watch: DiskWatch;
  readonly #pause: PauseForRoom;
  readonly #guarded: Guarded;
  readonly #disk: number;
  #ending: DiskFault | undefined;

  constructor(guarded: Guarded, plan: DiskPlan, context: GuardContext) {
    this.#plan = plan;
    this.#context = context;
    this.#guarded = guarded;
    this.#watch = new DiskWatch({ minFreeBytes: plan.minFreeBytes, now: () => context.clock.now() });
    this.#disk = this.#watch.add(join(guarded.folder, "frame"));
    this.#pause = new PauseForRoom(context);
  }

  /** Before a frame: undefined when it may be stored (`stored` so far), or why it and all that follow are lost. */
  lossOf(frameNumber: number, stored: number): string | undefined {
    if (!this.#ending && this.#watch.look()) {
      this.#context.foreseeFullDisk(this.#watch.fullInS);
      if (this.#watch.isLow(this.#disk)) this.#actOnLow(frameNumber, stored);
    }
    return this.#ending && lossReason[this.#ending];
  }

  /** After a refused write: true when there is room again, so that it shall be tried again. */
  mayTryAgain(error: unknown): boolean {
    if (this.#plan.policy !== "pause" || diskFault(error) !== "full") return false;
    if (this.#waitForRoom(diskComplaint(error))) return true;
    this.#ending = "full";
    return false;
  }

  /** After a frame was stored in so many bytes. */
  wrote(bytes: number): void {
    this.#watch.wrote(bytes);
    this.#pause.over();
  }

  /** After a write that was given up: ends the run and returns why the frame is lost; what is no disk's fault is thrown on. */
  end(error: unknown, frameNumber: number, stored: number): string {
    const fault = diskFault(error);
    if (!fault) throw error;
    if (!this.#ending) this.#end(fault, frameNumber, stored, diskComplaint(error));
    return lossReason[fault];
  }

  /** Something besides a frame, which a disk that ended the run may refuse: told, and no more. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.#ending || !diskFault(error)) throw error;
      this.#context.warn(diskComplaint(error));
    }
  }

  #actOnLow(frameNumber: number, stored: number): void {
    const limit = formatBytes(this.#plan.minFreeBytes);
    const why = `${this.#guarded.folder}: the disk has ${formatBytes(this.#watch.free(this.#disk))} free, less than --min-free ${limit}`;
    if (this.#plan.policy !== "pause") this.#end("full", frameNumber, stored, why);
    else if (this.#waitForRoom(why)) this.#pause.over();
    else this.#ending = "full";
  }

  #waitForRoom(why: string): boolean {
    const needed = this.#plan.minFreeBytes + framesToGoOn * this.#guarded.frameBytes;
    return this.#pause.wait(`${why}; waiting until ${formatBytes(needed)} are free`, () => {
      this.#watch.lookNow();
      return this.#watch.free(this.#disk) >= needed;
    });
  }

  #end(fault: DiskFault, frameNumber: number, stored: number, why: string): void {
    this.#ending = fault;
    const ending = this.#context.endRun();
    this.#context.warn(`${why}; the ${ending} ends at frame ${frameNumber}, ${formatCount(stored, "frame")} stored`);
  }
}
