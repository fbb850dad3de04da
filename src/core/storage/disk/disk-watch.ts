/** Looks at the room on the disks that a run writes to, now and then, and foresees when it will be gone. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { longAgo, type MonotonicMs, msBetween } from "../../time.js";
import { freeBytes, nearestFolder } from "../files.js";

/** How often the disks are looked at, milliseconds; sooner when what was written since may have filled one. */
const lookEveryMs = 500;
/** The rate at which room goes is measured over so many looks. */
const keptLooks = 20;
/** A shorter time says nothing about a rate, milliseconds. */
const shortestMeasureMs = 900;

export interface DiskWatchSettings {
  readonly minFreeBytes: number;
  now(): MonotonicMs;
  /** Bytes that may still be written to the disk of a path. */
  freeBytes?(path: string): number;
}

interface Look {
  readonly at: MonotonicMs;
  readonly free: number;
}

interface Disk {
  readonly path: string;
  free: number;
  /** Half a second apart at least. */
  readonly looks: Look[];
}

export class DiskWatch {
  readonly #settings: DiskWatchSettings;
  readonly #disks = new Map<number, Disk>();
  #lookedAt = longAgo;
  #writtenBytes = 0;
  /** Bytes that can be written before the next look without reaching the limit. */
  #allowanceBytes = 0;

  constructor(settings: DiskWatchSettings) {
    this.#settings = settings;
  }

  /** Watches the disk of a file or folder and returns the disk's number. */
  add(path: string): number {
    const disk = statSync(nearestFolder(dirname(resolve(path)))).dev;
    if (!this.#disks.has(disk)) this.#disks.set(disk, { path, free: Number.POSITIVE_INFINITY, looks: [] });
    return disk;
  }

  /** No more is written there. */
  remove(disk: number): void {
    this.#disks.delete(disk);
  }

  /** Tells that so many bytes went to the disks: a small disk is looked at more often than the clock asks. */
  wrote(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  /** Whether so many bytes can be written before the next look without bringing a disk near the limit. */
  allows(bytes: number): boolean {
    return this.#writtenBytes + bytes < this.#allowanceBytes;
  }

  /** Looks when it is time; true when it was. */
  look(): boolean {
    const sinceMs = msBetween(this.#lookedAt, this.#settings.now());
    if (sinceMs < lookEveryMs && this.#writtenBytes < this.#allowanceBytes) return false;
    this.lookNow();
    return true;
  }

  lookNow(): void {
    const at = this.#settings.now();
    this.#lookedAt = at;
    this.#writtenBytes = 0;
    this.#allowanceBytes = Number.POSITIVE_INFINITY;
    for (const disk of this.#disks.values()) {
      disk.free = (this.#settings.freeBytes ?? freeBytes)(disk.path);
      this.#allowanceBytes = Math.min(this.#allowanceBytes, Math.max(0, disk.free - this.#settings.minFreeBytes) / 2);
      const { looks } = disk;
      if (msBetween(looks.at(-1)?.at ?? longAgo, at) < lookEveryMs) continue;
      looks.push({ at, free: disk.free });
      if (looks.length > keptLooks) looks.shift();
    }
  }

  /** Bytes free on a disk at the last look; before the first, without end. */
  free(disk: number): number {
    return this.#disks.get(disk)?.free ?? Number.POSITIVE_INFINITY;
  }

  isLow(disk: number): boolean {
    return this.free(disk) < this.#settings.minFreeBytes;
  }

  /**
   * Seconds until the first disk has only --min-free left, or nothing where it is beyond that, at the rate of the last ten
   * seconds; above 0, to three digits. Null while none fills up.
   */
  get fullInS(): number | null {
    let soonest: number | null = null;
    for (const { free, looks } of this.#disks.values()) {
      const first = looks[0];
      const last = looks.at(-1);
      if (!first || !last || msBetween(first.at, last.at) < shortestMeasureMs || last.free >= first.free) continue;
      const bytesPerS = ((first.free - last.free) / msBetween(first.at, last.at)) * 1000;
      const { minFreeBytes } = this.#settings;
      const seconds = (free < minFreeBytes ? free : free - minFreeBytes) / bytesPerS;
      soonest = Math.min(soonest ?? Number.POSITIVE_INFINITY, Math.max(0.1, Number(seconds.toPrecision(3))));
    }
    return soonest;
  }
}
