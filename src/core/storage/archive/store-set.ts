/**
 * The containers of one run: every frame goes to each, and one that its disk refuses does not lose the others. What happens
 * then is the policy's to say; every frame that is missing from a file is counted, told in that file and to the caller.
 */
import type { Ending } from "../../memory/branches.js";
import type { Frame } from "../../memory/frame.js";
import { changedPixels, hasItsPixels } from "../../memory/pixel-checksum.js";
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import { extendRun, type FrameRun } from "../../model/frame-run.js";
import { type EndOfStream, readerGoneReason } from "../../model/run-report.js";
import { ReaderGone } from "../../stream/byte-pipe.js";
import { formatBytes, formatCount } from "../../units.js";
import { NameLost } from "../claim/claim.js";
import { type DiskFault, diskComplaint, diskFault, imageNotStored, lossReason } from "../disk/disk-fault.js";
import { framesToGoOn } from "../disk/disk-guard.js";
import type { DiskPlan } from "../disk/disk-options.js";
import { DiskWatch } from "../disk/disk-watch.js";
import { type PauseContext, PauseForRoom } from "../disk/pause-for-room.js";
import { fileBytes } from "../files.js";
import type { FrameStore } from "../frame-store.js";
import type { GroupCommit } from "../sync/group-commit.js";
import { SyncedStores, type Syncing } from "./synced-stores.js";

/** A row of a table is about so long, bytes; only to know when to look at the disk again. */
const rowBytes = 128;

export interface OpenedStore {
  readonly path: string;
  readonly store: FrameStore;
  /** Pixels have a place in it. */
  readonly keepsFrames: boolean;
  /** Goes to another program, and takes no room on a disk that is known. */
  readonly isStdout?: boolean;
}

export interface StoreSetContext extends PauseContext {
  readonly input: StreamDescriptor;
  foreseeFullDisk(inSeconds: number | null): void;
  endRun(): Ending;
  stopQuietly(reason: string): void;
}

/** Of a frame that is not in every container with all it has. */
export type Verdict = undefined | { readonly drop: string } | { readonly failed: string };

/** What became of a container: all goes in, detections only, or nothing any more. */
type State = "whole" | "tracks" | "ended";

interface Member extends OpenedStore {
  /** Null on stdout. */
  readonly disk: number | null;
  state: State;
  isClosed: boolean;
  /** Why it is not whole any more. */
  fault: DiskFault;
  /** Runs of frames that are not in it at all. */
  readonly missed: FrameRun[];
  /** Frames that are not in it with all they should have. */
  notStored: number;
  /** Its name is another's: a failure of the run, whatever was stored by then. */
  nameLost: NameLost | undefined;
  /** Its reader went away. */
  hasLeft: boolean;
  /** It could not be closed. */
  isCut: boolean;
}

export class StoreSet {
  readonly #members: readonly Member[];
  readonly #plan: DiskPlan;
  readonly #context: StoreSetContext;
  readonly #watch: DiskWatch;
  readonly #pause: PauseForRoom;
  readonly #pixelBytes: number;
  readonly #synced: SyncedStores;
  /** Why nothing more is taken; everything that still comes is lost for it. */
  #ending: DiskFault | undefined;

  constructor(
    stores: readonly OpenedStore[],
    plan: DiskPlan,
    context: StoreSetContext,
    syncing: Syncing = { plan: "close" },
  ) {
    this.#plan = plan;
    this.#context = context;
    this.#watch = new DiskWatch({ minFreeBytes: plan.minFreeBytes, now: () => context.clock.now() });
    this.#pause = new PauseForRoom(context);
    this.#members = stores.map((opened) => ({
      ...opened,
      disk: opened.isStdout ? null : this.#watch.add(opened.path),
      state: "whole",
      isClosed: false,
      fault: "full",
      missed: [],
      notStored: 0,
      nameLost: undefined,
      hasLeft: false,
      isCut: false,
    }));
    this.#synced = new SyncedStores(this.#members, syncing, context.warn);
    this.#pixelBytes = frameBytes(context.input) * stores.filter(({ keepsFrames }) => keepsFrames).length;
  }

  /** Stores frames everywhere, in their order; returns of each why it is a loss when a container did not get all of it. */
  async append(frames: readonly Frame[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (let from = 0; from < frames.length; ) {
      let to = from;
      while (to < frames.length && this.#isSound(frames[to]!)) to++;
      if (to > from) verdicts.push(...(await this.#appendSound(frames.slice(from, to))));
      if (to < frames.length) verdicts.push(this.#refuse(frames[to]!));
      from = to + 1;
    }
    await this.#synced.stored(frames.filter((_, at) => verdicts[at] === undefined));
    return verdicts;
  }

  /** When what was stored is made durable: a container that refuses is told, and nothing in it is durable from there on. */
  get commit(): Pick<GroupCommit, "counts" | "dueAt" | "sync"> {
    return this.#synced.commit;
  }

  /** Whether the pixels came as they were taken, where a container keeps them. */
  #isSound(frame: Frame): boolean {
    return this.#pixelBytes === 0 || hasItsPixels(frame);
  }

  /** A frame whose pixels changed is in no container, each of which is told so. */
  #refuse({ header: { frameNumber: firstFrame } }: Frame): Verdict {
    this.event({ event: "drop", stage: "archive", firstFrame, count: 1, reason: changedPixels });
    for (const member of this.#members) member.notStored++;
    return { failed: changedPixels };
  }

  async #appendSound(frames: readonly Frame[]): Promise<Verdict[]> {
    if (!this.#ending) await this.#lookAtDisks(frames[0]!);
    const bytes = frames.reduce((sum, frame) => sum + this.#bytesOf(frame), 0);
    const verdicts: Verdict[] = [];
    if (frames.length > 1 && !this.#watch.allows(bytes)) {
      // Where a disk is nearly full it is looked at between any two, and every container has the same frames.
      for (const frame of frames) verdicts.push(...(await this.#appendSound([frame])));
      return verdicts;
    }
    const { done, refused } = this.#putTogether(frames);
    for (const [at, frame] of frames.entries()) {
      const isLost = this.#ending !== undefined;
      let loss: string | undefined;
      // A container that fails at this frame does not keep it from the others.
      for (const member of this.#members) {
        if (done.has(member)) continue;
        const refusal = at === 0 ? refused.get(member) : undefined;
        loss = (isLost ? this.#miss(member, frame) : await this.#put(member, frame, refusal)) ?? loss;
      }
      verdicts.push(loss === undefined ? undefined : { drop: loss });
    }
    this.#watch.wrote(bytes);
    return verdicts;
  }

  /** What a frame takes in all containers, roughly. */
  #bytesOf({ rowCount }: Frame): number {
    return this.#pixelBytes + Math.max(0, rowCount) * rowBytes * this.#members.length;
  }

  /**
   * Stores all frames at once in the containers that can, which are `done`; the others get them one by one. `refused`: what a
   * write that failed said, which counts as that of the first frame, as it may not fail again.
   */
  #putTogether(frames: readonly Frame[]): {
    readonly done: ReadonlySet<Member>;
    readonly refused: ReadonlyMap<Member, unknown>;
  } {
    const done = new Set<Member>();
    const refused = new Map<Member, unknown>();
    if (frames.length === 1 || this.#ending) return { done, refused };
    for (const member of this.#members) {
      try {
        if (member.state === "whole" && member.store.appendTogether?.(frames)) done.add(member);
      } catch (error) {
        const fault = diskFault(error);
        if (!fault) throw error;
        // What does not fit together may fit one by one.
        if (fault !== "full") refused.set(member, error);
      }
    }
    return { done, refused };
  }

  event(event: StreamEvent): void {
    for (const member of this.#members) if (member.state !== "ended") this.#tell(member, event);
  }

  /**
   * Closes every container, also after one of them failed to; the first such error is thrown at the end, unless it is the
   * full disk's, which has been told. A lost name is thrown also when its container had nothing to close.
   */
  async close(end: EndOfStream | null): Promise<void> {
    let first: unknown;
    if (end) await this.#synced.closing();
    for (const member of this.#members) {
      try {
        await this.#close(member, end);
      } catch (error) {
        first ??= error;
      }
    }
    const notSynced = this.#synced.closed(end !== null);
    first ??= this.#members.find(({ nameLost }) => nameLost)?.nameLost;
    first ??= notSynced;
    if (first !== undefined) throw first;
  }

  /** For the run's report. */
  get files(): { path: string; parts?: string[]; bytes: number; frames: number; rows: number; notStored?: number }[] {
    return this.#members.map(({ path, store, isClosed, notStored }) => ({
      path: store.path ?? path,
      ...(store.parts ? { parts: [...store.parts] } : {}),
      bytes:
        store.bytes ??
        (isClosed ? (store.parts ?? [store.path ?? path]).reduce((total, part) => total + fileBytes(part), 0) : 0),
      frames: store.frames,
      rows: store.rows,
      ...(notStored > 0 ? { notStored } : {}),
    }));
  }

  async #lookAtDisks(frame: Frame): Promise<void> {
    if (!this.#watch.look()) return;
    this.#context.foreseeFullDisk(this.#watch.fullInS);
    const low = this.#members.filter(
      ({ state, disk }) => state === "whole" && disk !== null && this.#watch.isLow(disk),
    );
    if (low.length === 0) return;
    const why = ({ path, disk }: Member) =>
      `${path}: the disk has ${formatBytes(this.#watch.free(disk!))} free, less than --min-free ${formatBytes(this.#plan.minFreeBytes)}`;
    if (this.#plan.policy === "stop") this.#end("full", frame, why(low[0]!));
    else if (this.#plan.policy === "pause") {
      if (this.#waitForRoom(why(low[0]!), low)) this.#pause.over();
      else this.#ending = "full";
    } else {
      for (const member of low) if (member.keepsFrames) await this.#giveUp(member, frame, "full", why(member));
    }
  }

  /** Stores a frame in one container; returns why it is a loss when the container did not get all of it. `refusal`: it was tried, and refused so. */
  async #put(member: Member, frame: Frame, refusal?: unknown): Promise<string | undefined> {
    let earlier = refusal;
    for (;;) {
      if (member.state === "ended") return this.#miss(member, frame);
      try {
        if (earlier !== undefined) {
          const error = earlier;
          earlier = undefined;
          throw error;
        }
        if (member.state === "tracks") return await this.#putTracks(member, frame);
        await member.store.append(frame);
        this.#pause.over();
        return undefined;
      } catch (error) {
        if (error instanceof ReaderGone) return this.#left(member);
        const fault = diskFault(error);
        if (!fault) throw error;
        const isRetried = await this.#refused(member, frame, fault, error);
        if (!isRetried) return this.#miss(member, frame);
      }
    }
  }

  /** The reader of stdout went away: what other containers have is not missing, and without any nobody wants the run. */
  #left(member: Member): string | undefined {
    member.state = "ended";
    member.hasLeft = true;
    if (this.#members.some(({ state }) => state !== "ended")) {
      this.#context.warn("the reader of stdout went away; nothing more is written there");
      return undefined;
    }
    this.#context.stopQuietly("the reader of stdout went away");
    return this.#missedBy(member);
  }

  /** Why a frame that came after the reader of stdout had gone is given up; undefined where another container takes it. */
  #missedBy({ hasLeft }: Member): string | undefined {
    const isElsewhere = this.#members.some(({ state }) => state !== "ended");
    return hasLeft && !isElsewhere ? readerGoneReason(this.#context.input.isLive) : undefined;
  }

  async #putTracks(member: Member, frame: Frame): Promise<string> {
    await member.store.appendDetections!(frame);
    member.notStored++;
    return `${imageNotStored}: ${lossReason[member.fault]}`;
  }

  /** Acts on a refused append by the policy. True: try this container again. */
  async #refused(member: Member, frame: Frame, fault: DiskFault, error: unknown): Promise<boolean> {
    const { policy } = this.#plan;
    const why = diskComplaint(error);
    if (error instanceof NameLost) member.nameLost = error;
    if (policy === "pause" && fault === "full") {
      if (this.#waitForRoom(why, [member])) return true;
      this.#ending = "full";
      return false;
    }
    if (policy === "tracks-only" && member.keepsFrames) {
      await this.#giveUp(member, frame, fault, why);
      return member.state === "tracks";
    }
    member.state = "ended";
    member.fault = fault;
    this.#end(fault, frame, why);
    return false;
  }

  /** Waits until the disks have room for some frames above the limit, so that the run does not stop at each; false when interrupted. */
  #waitForRoom(why: string, members: readonly Member[]): boolean {
    const needed = this.#plan.minFreeBytes + framesToGoOn * this.#pixelBytes;
    return this.#pause.wait(`${why}; waiting until ${formatBytes(needed)} are free`, () => {
      this.#watch.lookNow();
      return members.every(({ disk }) => disk === null || this.#watch.free(disk) >= needed);
    });
  }

  /** From here on a container gets less: detections only, or, where these have no place without pixels, nothing. */
  async #giveUp(member: Member, frame: Frame, fault: DiskFault, why: string): Promise<void> {
    const { store } = member;
    const canKeepTracks = store.appendDetections !== undefined && this.#context.input.detections !== null;
    member.state = member.state === "whole" && canKeepTracks ? "tracks" : "ended";
    member.fault = fault;
    const { frameNumber } = frame.header;
    const whatNow = member.state === "tracks" ? "detections without images" : "nothing more";
    this.#context.warn(`${why}; ${whatNow} from frame ${frameNumber} on, after ${formatCount(store.frames, "frame")}`);
    if (member.state === "tracks") return;
    // Now there may be room for what a file needs to end in order; later there may be none.
    await this.#close(member, { isComplete: false, lost: 1, stages: [], notStored: 1 });
    if (this.#members.every(({ state }) => state === "ended")) this.#end(fault, frame, "nothing is left to write");
  }

  #end(fault: DiskFault, frame: Frame, why: string): void {
    if (this.#ending) return;
    this.#ending = fault;
    const stored = Math.max(...this.#members.map(({ store }) => store.frames));
    const ending = this.#context.endRun();
    this.#context.warn(
      `${why}; the ${ending} ends at frame ${frame.header.frameNumber}, ${formatCount(stored, "frame")} stored`,
    );
  }

  #miss(member: Member, { header }: Frame): string | undefined {
    if (member.hasLeft) return this.#missedBy(member);
    member.notStored++;
    if (!extendRun(member.missed.at(-1), header.frameNumber))
      member.missed.push({ firstFrame: header.frameNumber, count: 1 });
    const fault = this.#ending ?? member.fault;
    return this.#ending ? lossReason[fault] : `${imageNotStored}: ${lossReason[fault]}`;
  }

  /** A container that cannot take an event stays as it is: the frames are what counts, and the next one shows the fault. */
  #tell(member: Member, event: StreamEvent): void {
    try {
      member.store.event(event);
    } catch (error) {
      if (!diskFault(error)) throw error;
      if (member.state !== "ended") this.#context.warn(`${diskComplaint(error)}; an event is missing there`);
    }
  }

  async #close(member: Member, end: EndOfStream | null): Promise<void> {
    if (member.isClosed) return;
    member.isClosed = true;
    const { store, missed, notStored } = member;
    try {
      if (!end) return await store.close(null);
      const lost = lossReason[member.fault];
      for (const run of missed) this.#tell(member, { event: "drop", stage: "archive", ...run, reason: lost });
      await store.close(notStored === 0 ? end : { ...end, isComplete: false, lost: end.lost + notStored, notStored });
    } catch (error) {
      member.isCut = true;
      if (member.state === "whole" || !diskFault(error) || error instanceof NameLost) throw error;
      this.#context.warn(`${diskComplaint(error)}; the file is not closed in order`);
    }
  }
}
