/** How much of everything a run gets: slots, queue places, words, scratch; computed once, before any thread starts. */
import { refusal } from "../errors.js";
import { type PoolShape, poolWords } from "../memory/frame-pool.js";
import { type LinkPolicy, type LinkShape, linkWords } from "../memory/link.js";
import { runControlWords } from "../memory/run-control.js";
import { type SlotGeometry, slotLayout } from "../memory/slot-layout.js";
import { counterFloats } from "../memory/stage-counters.js";
import { frameBytes, type StreamDescriptor } from "../model/descriptor.js";
import { slotColumns } from "../model/detection.js";
import { formatBytes } from "../units.js";
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
const mostQueued = 128;

export interface StageSize {
  readonly needs: StageNeeds;
  /** Policy of the link behind the stage. */
  readonly policy: LinkPolicy;
}

export interface ThreadSize {
  readonly stageIndex: number;
  /** -1 for the stage's serial part. */
  readonly mapperIndex: number;
  readonly scratchOffset: number;
  /** Byte offset of the thread's counters in the shared bookkeeping. */
  readonly countersAt: number;
}

export interface RunLayout {
  readonly memoryPages: number;
  readonly controlBytes: number;
  readonly pool: PoolShape;
  readonly poolWordsAt: number;
  /** Link i leads from stage i to stage i + 1. */
  readonly links: readonly { readonly shape: LinkShape; readonly wordsAt: number }[];
  readonly threads: readonly ThreadSize[];
  /** Frames a mapper claims at a time: one of a large frame, several of small ones. */
  readonly batch: number;
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function liveQueue(rateHz: number | null, slotBytes: number, least: number): number {
  const patient = Math.ceil(((rateHz ?? 100) * livePatienceMs) / 1000);
  return Math.max(least, Math.min(patient, Math.floor(liveQueueBytes / slotBytes)));
}

export function layOutRun(source: StreamDescriptor, stages: readonly StageSize[]): RunLayout {
  const pixelBytes = stages.length > 0 && source.hasFrames ? frameBytes(source) : 0;
  const detectionRows = Math.max(0, ...stages.map((stage) => stage.needs.detectionRows ?? 0));
  const geometry: SlotGeometry = {
    pixelFormat: source.pixelFormat,
    pixelBytes: Math.max(pixelBytes, 0),
    detectionRows,
    detectionColumns: slotColumns,
  };
  const slotBytes = slotLayout(geometry).slotBytes;
  const queued = Math.min(mostQueued, Math.max(leastQueued, Math.floor(queueBytes / slotBytes)));
  const batch = Math.max(1, Math.min(16, Math.floor(queued / 8)));

  const links = stages.slice(0, -1).map((stage, i) => {
    const mappers = stages[i + 1]!.needs.mappers ?? 0;
    const isLive = i === 0 && source.isLive;
    const capacity = isLive ? liveQueue(source.rateHz, slotBytes, queued) : queued;
    return { policy: stage.policy, capacity, window: mappers === 0 ? 0 : mappers * batch * 2 };
  });
  const threadCount = stages.length;
  const held = stages.reduce((sum, stage) => sum + (stage.needs.heldFrames ?? 0), 0);
  const slots = links.reduce((sum, link) => sum + link.capacity + link.window, 0) + 2 * threadCount + 1 + held;
  const spareSlots = Math.max(2, Math.ceil(slots / 4));

  let words = runControlWords;
  const poolWordsAt = words;
  words = roundUp(words + poolWords({ slots, spareSlots }), 2);
  const placedLinks = links.map((shape) => {
    const wordsAt = words;
    words = roundUp(words + linkWords(shape), 2);
    return { shape, wordsAt };
  });

  let controlBytes = words * 4;
  let scratchOffset = kernelBytes;
  const threads: ThreadSize[] = [];
  stages.forEach(({ needs }, stageIndex) => {
    for (let mapperIndex = -1; mapperIndex < (needs.mappers ?? 0); mapperIndex++) {
      threads.push({ stageIndex, mapperIndex, scratchOffset, countersAt: controlBytes });
      controlBytes += counterFloats * 8;
      const scratchBytes = mapperIndex < 0 ? (needs.scratchBytes ?? 0) : (needs.mapperScratchBytes ?? 0);
      scratchOffset += roundUp(scratchBytes, 64);
    }
  });
  const base = roundUp(scratchOffset, 64);
  const memoryBytes = base + (slots + spareSlots) * slotBytes;
  if (memoryBytes > mostMemoryBytes) {
    throw refusal(
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
    threads,
    batch,
  };
}
