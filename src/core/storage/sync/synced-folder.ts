/** The group commit of a sink that writes into one folder: what was stored there, made durable when it is due. */
import { diskComplaint, diskFault } from "../disk/disk-fault.js";
import { GroupCommit, type OnDurable, type SyncCounts } from "./group-commit.js";
import type { SyncPlan } from "./sync-plan.js";

export class SyncedFolder {
  readonly #plan: SyncPlan;
  readonly #commit: GroupCommit;
  /** What the disk said when it refused. */
  #refusal: unknown;

  constructor(folder: { sync(): void }, plan: SyncPlan, warn: (text: string) => void, onDurable?: OnDurable) {
    this.#plan = plan;
    this.#commit = new GroupCommit(
      plan,
      async () => {
        try {
          folder.sync();
          return true;
        } catch (error) {
          const fault = diskFault(error);
          if (!fault) throw error;
          this.#refusal = error;
          warn(`${diskComplaint(error)}; what came since the sync before may be lost with the power`);
          return false;
        }
      },
      onDurable,
    );
  }

  get counts(): SyncCounts {
    return this.#commit.counts;
  }

  async stored(frameNumber: number): Promise<void> {
    this.#commit.stored(frameNumber);
    if (this.#plan === "frame") await this.#commit.sync();
  }

  /** When the next sync is to begin. */
  dueAt() {
    return this.#commit.dueAt();
  }

  run(): Promise<void> {
    return this.#commit.sync();
  }

  /** After the last frame: syncs what waits, and throws what the disk refused in this run. */
  async end(): Promise<void> {
    await this.#commit.sync();
    if (this.#refusal !== undefined) throw this.#refusal;
  }
}
