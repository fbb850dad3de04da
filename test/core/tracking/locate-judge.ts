/** Reads trackpy's tables and the images they were made from, and compares detections with them. */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { decode } from "tiff";
import { expect, test } from "vitest";
import { type DetectionColumn, detectionColumns } from "../../../src/core/model/detection.js";
import { type DetectionTable, locateReference } from "../../../src/core/tracking/locate/locate-reference.js";
import { type LocateOptions, resolveLocateParameters } from "../../../src/core/tracking/locate/parameters.js";

export const sharedData = resolve(import.meta.dirname, "../../../../shared/data");
export const hasSharedData = existsSync(resolve(sharedData, "beads_2048.tif"));

export interface ImageStack {
  readonly shape: { height: number; width: number };
  readonly frames: readonly (Uint8Array | Uint16Array)[];
}

export function readStack(name: string, pages?: readonly number[]): ImageStack {
  const images = decode(readFileSync(resolve(sharedData, name)), pages === undefined ? {} : { pages: [...pages] });
  const { height, width } = images[0]!;
  return { shape: { height, width }, frames: images.map((image) => image.data as Uint8Array | Uint16Array) };
}

/** trackpy's keyword arguments as ours. */
export function readParameters(name: string) {
  const { locate } = JSON.parse(readFileSync(resolve(sharedData, name), "utf8"));
  const same = (value: number | undefined) => (value === undefined ? undefined : { y: value, x: value });
  const options = {
    diameter: same(locate.diameter),
    separation: same(locate.separation),
    noiseSize: same(locate.noise_size),
    smoothingSize: same(locate.smoothing_size),
    minMass: locate.minmass,
    percentile: locate.percentile,
    topn: locate.topn,
    invert: locate.invert,
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return resolveLocateParameters(given as unknown as LocateOptions);
}

export type Row = Partial<Record<DetectionColumn, number>>;

/** Rows of a table by frame. */
export function readTable(name: string): Map<number, Row[]> {
  const [header, ...lines] = readFileSync(resolve(sharedData, name), "utf8").trim().split("\n");
  const names = header!.split(",");
  const frames = new Map<number, Row[]>();
  for (const line of lines) {
    const cells = line.split(",");
    const row = Object.fromEntries(names.map((key, i) => [key, cells[i] === "" ? Number.NaN : Number(cells[i])]));
    const rows = frames.get(row.frame!) ?? [];
    rows.push(row as Row);
    frames.set(row.frame!, rows);
  }
  return frames;
}

export function rowsOf({ rowCount, values }: DetectionTable): Row[] {
  return Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries(detectionColumns.map((name, index) => [name, values[index * rowCount + row]!])),
  );
}

const compared = ["mass", "size", "ecc", "signal", "raw_mass", "ep"] as const;

export interface Disagreement {
  rowCount: number;
  missing: number;
  extra: number;
  worstPx: number;
  worstRelative: number;
}

/** Pairs rows by position; relative differences have a floor of 1e-6 in the column's own unit. */
export function compareRows(ours: readonly Row[], theirs: readonly Row[]): Disagreement {
  const unpaired = new Set(ours);
  const result = { rowCount: theirs.length, missing: 0, extra: 0, worstPx: 0, worstRelative: 0 };
  const byCell = new Map<string, Row[]>();
  const cellOf = (y: number, x: number) => `${Math.floor(y / 4)},${Math.floor(x / 4)}`;
  for (const row of ours) {
    const key = cellOf(row.y!, row.x!);
    byCell.set(key, [...(byCell.get(key) ?? []), row]);
  }
  for (const row of theirs) {
    let best: Row | undefined;
    let distance = 1e-3;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        for (const other of byCell.get(cellOf(row.y! + 4 * dy, row.x! + 4 * dx)) ?? []) {
          const apart = Math.hypot(other.y! - row.y!, other.x! - row.x!);
          if (apart < distance && unpaired.has(other)) [best, distance] = [other, apart];
        }
      }
    }
    if (best === undefined) {
      result.missing++;
      continue;
    }
    unpaired.delete(best);
    result.worstPx = Math.max(result.worstPx, distance);
    for (const name of compared) {
      const [a, b] = [best[name]!, row[name]!];
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      const difference = Math.abs(a - b) / Math.max(Math.abs(b), 1e-6);
      result.worstRelative = Math.max(result.worstRelative, Number.isNaN(difference) ? Infinity : difference);
    }
  }
  result.extra = unpaired.size;
  return result;
}

/** Tests that the plain twin finds in these frames what a table of trackpy's has. */
export function expectReference(given: {
  readonly images: string;
  readonly table: string;
  readonly frames: readonly number[];
}): void {
  const { images, table, frames } = given;
  test.skipIf(!hasSharedData)(`the plain twin finds trackpy's features of ${table} (needs ../shared)`, () => {
    const { shape, frames: pictures } = readStack(`${images}.tif`, frames);
    const params = readParameters(`${table}.json`);
    const expected = readTable(`${table}.csv`);
    frames.forEach((frame, index) => {
      const found = rowsOf(locateReference(pictures[index]!, shape, params));
      const { missing, extra, worstPx, worstRelative } = compareRows(found, expected.get(frame)!);
      expect({ missing, extra }).toEqual({ missing: 0, extra: 0 });
      expect(worstPx).toBeLessThan(1e-8);
      expect(worstRelative).toBeLessThan(1e-8);
    });
  });
}
