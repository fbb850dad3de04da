/**
 * What a thread counts while it runs, in shared memory so that the status view can look at any time. Each block is written
 * by one thread only; a reader may see a value that is one frame old.
 */
import { fromMemory, type MonotonicMs, toMemory } from "../time.js";

/** Latency is counted in bins of a factor 2^(1/8), from 1 us on; the last bin takes the rest. */
const binsPerOctave = 8;
const bins = 256;

const field = {
  in: 0,
  out: 1,
  failed: 2,
  dropped: 3,
  detections: 4,
  busyMs: 5,
  lost: 6,
  diskFullInS: 7,
  waitingSinceMs: 8,
  lostBefore: 9,
  copied: 10,
} as const;
const firstBin = { latency: 16, age: 16 + bins } as const;
export const counterFloats = 16 + 2 * bins;

function binOf(ms: number): number {
  return ms <= 0.001 ? 0 : Math.min(bins - 1, Math.floor(Math.log2(ms * 1000) * binsPerOctave));
}

export class StageCounters {
  readonly #values: Float64Array;

  constructor(buffer: ArrayBufferLike, byteOffset: number) {
    this.#values = new Float64Array(buffer, byteOffset, counterFloats);
  }

  get in(): number {
    return this.#values[field.in]!;
  }
  get out(): number {
    return this.#values[field.out]!;
  }
  get failed(): number {
    return this.#values[field.failed]!;
  }
  get dropped(): number {
    return this.#values[field.dropped]!;
  }
  /** Of the dropped, those that are a loss (a second copy of a frame is none). */
  get lost(): number {
    return this.#values[field.lost]!;
  }
  /** Frames that processes before this one lost, as far as their stream has told. */
  get lostBefore(): number {
    return this.#values[field.lostBefore]!;
  }
  /** Frames that were copied, since others held them too and this stage changes pixels. */
  get copied(): number {
    return this.#values[field.copied]!;
  }
  get detections(): number {
    return this.#values[field.detections]!;
  }
  get busyMs(): number {
    return this.#values[field.busyMs]!;
  }

  /** Seconds until a disk the stage writes to is full; 0 while it waits for room, null when that is not foreseeable. */
  get diskFullInS(): number | null {
    const value = this.#values[field.diskFullInS]!;
    return value === 0 ? null : Math.max(0, value);
  }

  foreseeFullDisk(inSeconds: number | null): void {
    // The memory begins with zeros, so zero is "not foreseeable".
    this.#values[field.diskFullInS] = inSeconds === null ? 0 : inSeconds || -1;
  }

  /** Since when a source has been waiting for its next frame, or a stage has been at one; undefined while it is not. */
  get waitingSince(): MonotonicMs | undefined {
    const value = this.#values[field.waitingSinceMs]!;
    return value === 0 ? undefined : fromMemory(value);
  }
  set waitingSince(at: MonotonicMs | undefined) {
    this.#values[field.waitingSinceMs] = at === undefined ? 0 : toMemory(at);
  }

  countIn(frames = 1): void {
    this.#values[field.in]! += frames;
  }
  countOut(frames = 1): void {
    this.#values[field.out]! += frames;
  }
  countFailed(): void {
    this.#values[field.failed]!++;
  }
  countDropped(frames: number, isLoss: boolean): void {
    this.#values[field.dropped]! += frames;
    if (isLoss) this.#values[field.lost]! += frames;
  }
  countLostBefore(frames: number): void {
    this.#values[field.lostBefore]! += frames;
  }
  countCopied(): void {
    this.#values[field.copied]!++;
  }
  countDetections(rows: number): void {
    this.#values[field.detections]! += rows;
  }
  countBusy(ms: number): void {
    this.#values[field.busyMs]! += ms;
  }
  /** Milliseconds from arrival at the stage to leaving it. */
  countLatency(ms: number): void {
    this.#values[firstBin.latency + binOf(ms)]!++;
  }
  /** Milliseconds from the frame's arrival in this process to leaving the stage. */
  countAge(ms: number): void {
    this.#values[firstBin.age + binOf(ms)]!++;
  }

  /** The latency that `share` of the frames did not exceed, milliseconds, to 9 %; 0 before the first. */
  latencyMs(share: number): number {
    return this.#quantile(firstBin.latency, share);
  }
  /** The same of the age. */
  ageMs(share: number): number {
    return this.#quantile(firstBin.age, share);
  }

  #quantile(first: number, share: number): number {
    let all = 0;
    for (let bin = 0; bin < bins; bin++) all += this.#values[first + bin]!;
    if (all === 0) return 0;
    let below = 0;
    for (let bin = 0; bin < bins; bin++) {
      below += this.#values[first + bin]!;
      if (below >= share * all) return 2 ** ((bin + 1) / binsPerOctave) / 1000;
    }
    return 2 ** (bins / binsPerOctave) / 1000;
  }
}
