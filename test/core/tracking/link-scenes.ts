/** Random scenes of walkers, reading of the reference tables, and comparison of partitions, for the tests of linking. */
import { existsSync, readFileSync } from "node:fs";
import { fromMemory } from "../../../src/core/time.js";
import type { ReferenceFrame } from "../../../src/core/tracking/link/link-reference.js";
import { createLinker, type LinkSummary } from "../../../src/core/tracking/link/linker.js";
import type { LinkParameters } from "../../../src/core/tracking/link/parameters.js";
import { seeded } from "../../seed.js";

export interface Scene {
  readonly frame: number;
  readonly y: Float64Array;
  readonly x: Float64Array;
}

export interface WalkerOptions {
  readonly seed: number;
  readonly count: number;
  /** Edge of the square they start in, pixels. */
  readonly edge: number;
  /** Largest step on each axis, pixels. */
  readonly step: number;
  readonly frames: number;
  /** Share of the walkers missing in a frame. */
  readonly missing?: number;
  /** Movement of every walker, pixels a frame. */
  readonly drift?: { readonly y: number; readonly x: number };
}

/** Walkers with uniform steps, in an order that changes from frame to frame. */
export function walk({ seed, count, edge, step, frames, missing = 0, drift = { y: 0, x: 0 } }: WalkerOptions): Scene[] {
  const random = seeded(seed);
  const walkers = Array.from({ length: count }, () => ({ y: random() * edge, x: random() * edge }));
  return Array.from({ length: frames }, (_, frame) => {
    if (frame > 0) {
      for (const walker of walkers) {
        walker.y += drift.y + (2 * random() - 1) * step;
        walker.x += drift.x + (2 * random() - 1) * step;
      }
    }
    const seen = walkers.filter(() => random() >= missing).map((walker) => ({ ...walker, key: random() }));
    seen.sort((a, b) => a.key - b.key);
    return { frame, y: Float64Array.from(seen, (p) => p.y), x: Float64Array.from(seen, (p) => p.x) };
  });
}

export interface Linked {
  readonly ids: number[][];
  readonly flags: number[][];
  readonly summary: LinkSummary;
}

/** Links whole scenes; positions lie behind an offset on purpose. */
export function linkScene(scene: readonly ReferenceFrame[], parameters: LinkParameters, now?: () => number): Linked {
  const linker = createLinker(parameters, now === undefined ? {} : { now: () => fromMemory(now()) });
  const flags: number[][] = [];
  const ids = scene.map(({ frame, y, x }) => {
    const count = y.length;
    const columns = new Float64Array(3 * count + 3).fill(Number.NaN);
    columns.set(Array.from(y), 1);
    columns.set(Array.from(x), count + 2);
    const frameFlags = new Uint8Array(count + 1).fill(0xff);
    linker.link(frame, count, columns, 1, columns, count + 2, columns, 2 * count + 3, frameFlags, 1);
    flags.push([...frameFlags.subarray(1)]);
    return [...columns.subarray(2 * count + 3)];
  });
  return { ids, flags, summary: linker.summary() };
}

/** True when two numberings of the same rows mean the same tracks, whatever the numbers. */
export function isSamePartition(ours: readonly number[], theirs: readonly number[]): boolean {
  const there = new Map<number, number>();
  const back = new Map<number, number>();
  return ours.every((our, row) => {
    const their = theirs[row]!;
    if (!there.has(our)) there.set(our, their);
    if (!back.has(their)) back.set(their, our);
    return there.get(our) === their && back.get(their) === our;
  });
}

export const dataFolder = new URL("../../../../shared/data/", import.meta.url);

/** Frames of a reference table with trackpy's particle numbers; null when the table is not there. */
export function readTable(name: string): { scene: Scene[]; particles: number[][] } | null {
  const file = new URL(name, dataFolder);
  if (!existsSync(file)) return null;
  const [header = "", ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const names = header.split(",");
  const at = { frame: names.indexOf("frame"), y: names.indexOf("y"), x: names.indexOf("x") };
  const byFrame = new Map<number, number[][]>();
  for (const line of lines) {
    const row = line.split(",").map(Number);
    const frame = row[at.frame]!;
    const rows = byFrame.get(frame) ?? [];
    byFrame.set(frame, rows);
    rows.push(row);
  }
  const frames = [...byFrame].sort(([a], [b]) => a - b);
  const particle = names.indexOf("particle");
  return {
    scene: frames.map(([frame, rows]) => ({
      frame,
      y: Float64Array.from(rows, (row) => row[at.y]!),
      x: Float64Array.from(rows, (row) => row[at.x]!),
    })),
    particles: frames.map(([, rows]) => rows.map((row) => row[particle]!)),
  };
}
