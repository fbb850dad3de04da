/** The frames of an archive and their detections, the same to look at in either layout. */
import type { FrameShape } from "../../../model/descriptor.js";
import type { PixelArray } from "../../../model/pixel-format.js";
import type { H5Reader } from "./h5-reader.js";

/** Values of a column read at once: memory does not grow with the file. */
const batch = 1_000_000;

export interface FrameSequence {
  readonly count: number;
  readonly shape: FrameShape;
  readonly type: string;
  readonly filters: readonly { id: number; cd_values: number[] }[];
  /** The dataset whose attributes hold for all frames. */
  readonly path: string;
  /** Numbers of the frames in order, in pieces. */
  numbers(): Iterable<ArrayLike<number | bigint>>;
  /** Nanoseconds since the Unix epoch; 0 when unknown. */
  capturedAtNs(index: number): bigint;
  pixels(index: number): PixelArray;
}

const numberOf = (path: string) => Number(path.slice(path.lastIndexOf("_") + 1));

/** Null when the file has no frames of Mote's. */
export function frameSequence(file: H5Reader): FrameSequence | null {
  const images = file.dataset("/images/frames");
  if (images?.shape.length === 3) {
    const [count, height, width] = images.shape as [number, number, number];
    const path = "/images/frames";
    const hasTimes = file.dataset("/images/captured_at_ns") !== undefined;
    return {
      ...{ count, shape: { height, width }, type: images.type, filters: images.filters, path },
      numbers: () => wholeColumn(file, "/images/frame_number"),
      capturedAtNs: (at) => (hasTimes ? (file.rows("/images/captured_at_ns", at, at + 1) as BigInt64Array)[0]! : 0n),
      pixels: (at) => file.rows(path, at, at + 1) as PixelArray,
    };
  }
  const paths = framePaths(file, "/images");
  const first = paths[0] === undefined ? undefined : file.dataset(paths[0]);
  if (first?.shape.length !== 2) return null;
  const [height, width] = first.shape as [number, number];
  return {
    ...{ count: paths.length, shape: { height, width }, type: first.type, filters: first.filters, path: paths[0]! },
    numbers: () => [paths.map(numberOf)],
    capturedAtNs: (at) => (file.attributes(paths[at]!).get("captured_at_ns") as bigint | undefined) ?? 0n,
    pixels: (at) => file.rows(paths[at]!, 0, height) as PixelArray,
  };
}

export interface TableRows {
  /** Names of the table's columns. */
  readonly columns: readonly string[];
  readonly rows: number;
  /** Particle ids of all detections, in pieces. */
  ids(): Iterable<ArrayLike<number | bigint>>;
}

/** The detections of the layout with a table a frame; null when there are none. */
export function frameTables(file: H5Reader): TableRows | null {
  const paths = framePaths(file, "/tracks");
  if (paths.length === 0) return null;
  const rows = paths.reduce((total, path) => total + (file.dataset(path)?.shape[0] ?? 0), 0);
  const columns = file.dataset(paths[0]!)?.members ?? [];
  const id = columns.indexOf("particle_id");
  return {
    columns,
    rows,
    *ids() {
      if (id < 0) return;
      for (const path of paths) yield tableRows(file, path).map((row) => row[id]!);
    },
  };
}

/** Frame, particle id (-1 where the table has none), x and y of the detections of some frames, in the layout with a table a frame. */
export function* tablePoints(file: H5Reader, from: number, to: number) {
  for (const path of framePaths(file, "/tracks")) {
    const frame = numberOf(path);
    if (frame < from || frame > to) continue;
    const columns = file.dataset(path)?.members ?? [];
    const [id, x, y] = [columns.indexOf("particle_id"), columns.indexOf("x"), columns.indexOf("y")];
    for (const row of tableRows(file, path)) {
      yield { frame, particleId: Number(row[id] ?? -1), x: Number(row[x]), y: Number(row[y]) };
    }
  }
}

function tableRows(file: H5Reader, path: string): (number | bigint)[][] {
  const rows = file.dataset(path)?.shape[0] ?? 0;
  return rows === 0 ? [] : (file.rows(path, 0, rows) as (number | bigint)[][]);
}

function framePaths(file: H5Reader, group: string): string[] {
  const own = new RegExp(`^${group}/frame_\\d{6,}$`);
  return file.paths.filter((path) => own.test(path)).sort((a, b) => numberOf(a) - numberOf(b));
}

export function* wholeColumn(file: H5Reader, path: string): Generator<BigInt64Array | Float64Array> {
  const length = file.dataset(path)?.shape[0] ?? 0;
  for (let from = 0; from < length; from += batch) {
    yield file.rows(path, from, Math.min(length, from + batch)) as BigInt64Array | Float64Array;
  }
}
