/** The group commit of the containers of one run: a frame is durable when every one that keeps pixels has it on the disk. */
import type { Frame } from "../../memory/frame.js";
import { diskComplaint, diskFault } from "../disk/disk-fault.js";
import type { FrameStore } from "../frame-store.js";
import { GroupCommit, type OnDurable } from "../sync/group-commit.js";
import type { SyncPlan } from "../sync/sync-plan.js";

export interface Syncing {
  readonly plan: SyncPlan;
  /** Frames that every container of pixels has on the disk, synced; never called where there is none. */
  readonly onDurable?: OnDurable | undefined;
}

/** What it has to know of a container, as it stands at the moment. */
export interface SyncedMember {
  readonly store: FrameStore;
  readonly keepsFrames: boolean;
  readonly isStdout?: boolean;
  readonly isClosed: boolean;
  /** It could not be closed. */
  readonly isCut: boolean;
}

export class SyncedStores {
  readonly #members: readonly SyncedMember[];
  readonly #plan: SyncPlan;
  readonly #commit: GroupCommit;
  readonly #warn: (text: string) => void;
  /** What the disk said of those that it refused to sync, for the rest of the run. */
  readonly #refusals = new Map<SyncedMember, unknown>();

  constructor(members: readonly SyncedMember[], { plan, onDurable }: Syncing, warn: (text: string) => void) {
    this.#members = members;
    this.#plan = plan;
    this.#warn = warn;
    this.#commit = new GroupCommit(plan, () => this.#syncAll(), this.#keepers.length > 0 ? onDurable : undefined);
  }

  get commit(): Pick<GroupCommit, "counts" | "dueAt" | "sync"> {
    return this.#commit;
  }

  /** After an append: the frames that were stored with all they have wait for a sync. */
  async stored(frames: readonly Frame[]): Promise<void> {
    for (const { header } of frames) this.#commit.stored(header.frameNumber);
    if (this.#plan === "frame") await this.#commit.sync();
  }

  /** Before the containers are closed in order. */
  async closing(): Promise<void> {
    if (this.#plan !== "close") await this.#commit.sync();
  }

  /** When they are closed, in order or not. Returns what the disk refused to sync in this run, the first of it. */
  closed(isInOrder: boolean): unknown {
    this.#commit.settle(isInOrder && this.#isDurable);
    return [...this.#refusals.values()][0];
  }

  /** Syncs every container that can be; false when one that keeps pixels has not all of them on the disk. */
  async #syncAll(): Promise<boolean> {
    for (const member of this.#members) {
      const { store, isStdout, isClosed } = member;
      if (isStdout || isClosed || this.#refusals.has(member) || !store.sync) continue;
      try {
        await store.sync();
      } catch (error) {
        if (!diskFault(error)) throw error;
        this.#refusals.set(member, error);
        this.#warn(`${diskComplaint(error)}; what came since the sync before may be lost with the power`);
      }
    }
    return this.#isDurable;
  }

  get #keepers(): readonly SyncedMember[] {
    return this.#members.filter(({ keepsFrames, isStdout }) => keepsFrames && !isStdout);
  }

  get #isDurable(): boolean {
    return this.#keepers.every((member) => !member.isCut && !this.#refusals.has(member));
  }
}
