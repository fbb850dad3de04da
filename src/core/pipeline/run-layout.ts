/** How much of everything a run gets: slots, queue places, words, scratch; computed once, before any thread starts. */
import { refusal } from "../errors.js";
import { branchWords } from "../memory/branches.js";
import { type PoolShape, poolWords } from "../memory/frame-pool.js";
import { linkWords } from "../memory/link.js";
import { linkCounterFloats } from "../memory/link-counters.js";
import type { LinkPolicy, LinkShape } from "../memory/link-shape.js";
import { mailboxWords } from "../memory/mailbox.js";
import { overflowWords } from "../memory/overflow.js";
import { type ProductPlace, productsBytes } from "../memory/products.js";
import { returnsWords } from "../memory/returns.js";
import { runControlWords } from "../memory/run-control.js";
import { type SlotGeometry, slotLayout } from "../memory/slot-layout.js";
import { counterFloats } from "../memory/stage-counters.js";
import { teamWords } from "../memory/team.js";
import { frameBytes, type StreamDescriptor } from "../model/descriptor.js";
import { slotColumns } from "../model/detection.js";
import { formatBytes } from "../units.js";
import { type BlockUse, detectionBlocks } from "./detection-blocks.js";
import type { FailurePolicy } from "./negotiate.js";
import type { StageNeeds } from "./stage.js";

const pageBytes = 65_536;
/** The kernels' constants lie below; nothing of ours may. */
const kernelBytes = 65_536;
const mostMemoryBytes = 65_536 * pageBytes - pageBytes;
/** Waiting frames of a link take about this much room, however small they are. */
const queueBytes = 1_000_000;
/** A live source goes on while the stages behind it start or hiccup: this long, within this much room. Untouched room costs nothing. */
const livePatienceMs = 2000;
const liveQueueBytes = 256_000_000;
const leastQueued = 3;
/** A spool's thread holds an entry on its way in, a frame on its way back, and an event before it. */
const handsOfSpool = 3;
/** A team has one frame in hand, and the next may be claimed while that is handed on. */
const teamWindow = 2;
const mostQueued = 128;

export interface StageSize {
  readonly needs: StageNeeds;
}

export interface LinkSize {
  readonly from: number;
  readonly to: number;
  readonly policy: LinkPolicy;
  readonly every: number;
  readonly cannotWait: boolean;
  /** It leads to an observer. */
  readonly isTap?: boolean;
}

export interface RunSize {
  readonly stages: readonly StageSize[];
  readonly links: readonly LinkSize[];
  readonly onFailure: FailurePolicy;
  readonly hasLedger?: boolean;
  /** Positions of the sinks that keep frames, where the source wants to hear of them. */
  readonly keepers?: readonly number[];
}

export interface ThreadSize {
  readonly stageIndex: number;
  /** The stage's serial part, one of its mappers, or the spool of a link behind it. */
  readonly part: "serial" | "mapper" | "spool";
  /** Of a spool: its link's position in the layout; -1 of any other. */
  readonly linkIndex: number;
  readonly scratchOffset: number;
  /** Byte offset of the thread's counters in the shared bookkeeping. */
  readonly countersAt: number;
  /** For a mapper that works on frames together with the stage's others: the team's words and its scratch. */
  readonly team: TeamPlace | null;
}

export interface TeamPlace {
  readonly size: number;
  readonly member: number;
  /** Byte offset in the shared bookkeeping. */
  readonly wordsAt: number;
  readonly scratchOffset: number;
}

export interface LinkPlace {
  readonly from: number;
  readonly to: number;
  readonly policy: LinkPolicy;
  readonly every: number;
  /** It leads to an observer, which nobody waits for and nothing depends on. */
  readonly isTap: boolean;
  readonly shape: LinkShape;
  readonly wordsAt: number;
  /** The queue to the spool when the policy is `spill`. */
  readonly overflow: { readonly queue: LinkShape; readonly wordsAt: number } | null;
  /** What the mappers behind the link make of frames. */
  readonly products: ProductPlace | null;
  /** Byte offset of the link's counters in the shared bookkeeping. */
  readonly countersAt: number;
}

export interface RunLayout {
  readonly memoryPages: number;
  readonly controlBytes: number;
  readonly pool: PoolShape;
  readonly poolWordsAt: number;
  readonly links: readonly LinkPlace[];
  /** Where it is noted which branches are over; see memory/branches.ts. */
  readonly branchesAt: number;
  /** Where notes wait for the source; see memory/mailbox.ts. */
  readonly mailboxAt: number;
  /** Where these sinks say what became of frames; see memory/returns.ts. */
  readonly keepers: readonly number[];
  readonly returnsAt: number;
  readonly onFailure: FailurePolicy;
  /** The sinks note what became of every frame. */
  readonly hasLedger: boolean;
  /** Of each stage the positions of the sinks that get frames through it, taps left out. */
  readonly sinksBehind: readonly (readonly number[])[];
  readonly threads: readonly ThreadSize[];
  /** Frames a mapper claims at a time: one of a large frame, several of small ones. */
  readonly batch: number;
  /** Some stage needs the checksums of the pixels, so they are made behind the source. */
  readonly hasPixelChecksums: boolean;
  /** Which detections each stage has before it. */
  readonly detectionBlocks: readonly BlockUse[];
  /** Which stages change pixels. */
  readonly changesPixels: readonly boolean[];
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function liveQueue(rateHz: number | null, slotBytes: number, least: number): number {
  const patient = Math.ceil(((rateHz ?? 100) * livePatienceMs) / 1000);
  return Math.max(least, Math.min(patient, Math.floor(liveQueueBytes / slotBytes)));
}

/** The position in the layout of the link that leads to a stage; -1 of the source. */
export function linkInto({ links }: Pick<RunLayout, "links">, stageIndex: number): number {
  return links.findIndex(({ to }) => to === stageIndex);
}

/** Whether a stage works on frames in parallel, before its serial part takes them. */
export function hasMappers({ threads }: Pick<RunLayout, "threads">, stageIndex: number): boolean {
  return threads.some((thread) => thread.stageIndex === stageIndex && thread.part === "mapper");
}

/** Positions of the links that begin behind a stage. */
export function linksBehind({ links }: Pick<RunLayout, "links">, stageIndex: number): readonly number[] {
  return links.flatMap(({ from }, i) => (from === stageIndex ? [i] : []));
}

function sinksBehind(links: readonly LinkSize[], stageIndex: number): readonly number[] {
  const next = links.filter(({ from, isTap }) => from === stageIndex && !isTap);
  return next.length === 0 ? [stageIndex] : next.flatMap(({ to }) => sinksBehind(links, to));
}

/** Of a full link, those that were in it or those that come; nobody waits for it. */
function givesUpFrames(policy: LinkPolicy): boolean {
  return policy === "drop-newest" || policy === "drop-oldest" || policy === "latest";
}

export function layOutRun(source: StreamDescriptor, run: RunSize): RunLayout {
  const { stages } = run;
  const pixelBytes = stages.length > 0 && source.hasFrames ? frameBytes(source) : 0;
  const detectionRows = Math.max(0, ...stages.map((stage) => stage.needs.detectionRows ?? 0));
  const blocks = detectionBlocks(stages, (stageIndex) => run.links.find(({ to }) => to === stageIndex)?.from ?? -1);
  const geometry: SlotGeometry = {
    pixelFormat: source.pixelFormat,
    pixelBytes: Math.max(pixelBytes, 0),
    detectionRows,
    detectionColumns: slotColumns,
    detectionBlocks: blocks.count,
  };
  const slotBytes = slotLayout(geometry).slotBytes;
  const queued = Math.min(mostQueued, Math.max(leastQueued, Math.floor(queueBytes / slotBytes)));
  const batch = Math.max(1, Math.min(16, Math.floor(queued / 8)));

  const links = run.links.map(({ from, to, policy, every, cannotWait, isTap = false }) => {
    const { mappers = 0, teamScratchBytes, productBytes = 0 } = stages[to]!.needs;
    const room = cannotWait ? liveQueue(source.rateHz, slotBytes, queued) : queued;
    const isSpilling = policy === "spill";
    // One half waits for the next stage, the other for the spool's disk, which may stall for a while. A camera cannot wait
    // when both are full and the spool too; any other stage can.
    const fullPolicy = cannotWait ? "drop-newest" : "block";
    const most = isTap ? leastQueued : isSpilling ? Math.max(leastQueued, Math.ceil(room / 2)) : room;
    const capacity = policy === "latest" ? 1 : most;
    const mapped = mappers === 0 ? 0 : teamScratchBytes === undefined ? mappers * batch * 2 : teamWindow;
    const window = isTap ? 1 : mapped;
    // One for each place that mappers may be at, one in the hands of the serial part.
    const products = productBytes > 0 && window > 0 ? window + 1 : 0;
    return {
      ...{ from, to, policy, every, isTap },
      shape: { policy, capacity, window, products, isTap, hasLane: !isTap && givesUpFrames(policy) },
      productBytes,
      queue: isSpilling ? ({ policy: fullPolicy, capacity, window: 0 } as const) : null,
    };
  });
  const spools = links.filter(({ queue }) => queue !== null).length;
  const held = stages.reduce((sum, stage) => sum + (stage.needs.heldFrames ?? 0), 0);
  const waiting = links.reduce(
    (sum, { shape, queue }) => sum + shape.capacity + shape.window + (queue?.capacity ?? 0),
    0,
  );
  // A thread that changes pixels has a frame and its copy.
  const copies = stages.reduce(
    (sum, { needs }) => (needs.changesPixels ? sum + Math.max(1, needs.mappers ?? 0) : sum),
    0,
  );
  const slots = waiting + copies + 2 * stages.length + handsOfSpool * spools + 1 + held;
  const spareSlots = Math.max(2, Math.ceil(slots / 4));

  let words = runControlWords;
  const poolWordsAt = words;
  words = roundUp(words + poolWords({ slots, spareSlots }), 2);
  function place(size: number): number {
    const at = words;
    words = roundUp(words + size, 2);
    return at;
  }
  let scratchOffset = kernelBytes;
  function placeProducts(count: number, bytes: number): ProductPlace | null {
    if (count === 0) return null;
    const products = { offset: scratchOffset, count, bytes };
    scratchOffset += productsBytes(products);
    return products;
  }
  const queues = links.map(({ queue, productBytes, ...link }) => ({
    ...link,
    wordsAt: place(linkWords(link.shape)),
    overflow: queue && { queue, wordsAt: place(overflowWords(queue)) },
    products: placeProducts(link.shape.products, productBytes),
  }));
  const branchesAt = place(branchWords(stages.length));
  const mailboxAt = place(mailboxWords);
  const keepers = run.keepers ?? [];
  const returnsAt = place(returnsWords(keepers.length));

  let controlBytes = roundUp(words * 4, 8);
  const placedLinks = queues.map((link) => {
    const countersAt = controlBytes;
    controlBytes += linkCounterFloats * 8;
    return { ...link, countersAt };
  });
  const threads: ThreadSize[] = [];
  function addThread(
    stageIndex: number,
    part: ThreadSize["part"],
    scratchBytes: number,
    team: ThreadSize["team"] = null,
    linkIndex = -1,
  ): void {
    threads.push({ stageIndex, part, linkIndex, scratchOffset, countersAt: controlBytes, team });
    controlBytes += counterFloats * 8;
    scratchOffset += roundUp(scratchBytes, 64);
  }
  function placeTeam({ mappers, teamScratchBytes }: StageNeeds): Omit<TeamPlace, "member"> | null {
    if (!mappers || teamScratchBytes === undefined) return null;
    const team = { size: mappers, wordsAt: roundUp(controlBytes, 64), scratchOffset };
    controlBytes = team.wordsAt + teamWords(mappers) * 4;
    scratchOffset += roundUp(teamScratchBytes, 64);
    return team;
  }
  stages.forEach(({ needs }, stageIndex) => {
    addThread(stageIndex, "serial", needs.scratchBytes ?? 0);
    const { mappers = 0, mapperScratchBytes = 0 } = needs;
    const team = placeTeam(needs);
    for (let member = 0; member < mappers; member++) {
      addThread(stageIndex, "mapper", mapperScratchBytes, team && { ...team, member });
    }
    placedLinks.forEach(({ from, overflow }, linkIndex) => {
      if (from === stageIndex && overflow) addThread(stageIndex, "spool", 0, null, linkIndex);
    });
  });
  const base = roundUp(scratchOffset, 64);
  const memoryBytes = base + (slots + spareSlots) * slotBytes;
  if (memoryBytes > mostMemoryBytes) {
    throw refusal(
      "not-enough-memory",
      "run",
      `the frames in flight would need ${formatBytes(memoryBytes)}, at most ${formatBytes(mostMemoryBytes)} can be shared (${slots} slots of ${formatBytes(slotBytes)})`,
      "Use a smaller --roi, fewer --workers, or a larger --separation.",
    );
  }
  return {
    memoryPages: Math.ceil(memoryBytes / pageBytes),
    controlBytes,
    pool: { geometry, base, slots, spareSlots },
    poolWordsAt,
    links: placedLinks,
    branchesAt,
    mailboxAt,
    keepers,
    returnsAt,
    onFailure: run.onFailure,
    hasLedger: run.hasLedger === true,
    sinksBehind: stages.map((_, stageIndex) => sinksBehind(run.links, stageIndex)),
    threads,
    batch,
    hasPixelChecksums: source.hasFrames && stages.some(({ needs }) => needs.pixelChecksums),
    detectionBlocks: blocks.uses,
    changesPixels: stages.map(({ needs }) => needs.changesPixels === true),
  };
}
