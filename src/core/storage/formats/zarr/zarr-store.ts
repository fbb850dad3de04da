/**
 * OME-Zarr archive: a folder that any reader of Zarr v3 opens at every moment. Files of frames appear whole, then the array's
 * shape grows by rename; so a process that is killed leaves every frame that was promised. The rows of a frame are promised
 * before it: who sees a frame finds its rows.
 */
import { basename, join } from "node:path";
import { codeOf, failure, type MoteError, parameterRefusal, reason } from "../../../errors.js";
import type { Frame } from "../../../memory/frame.js";
import { type FrameShape, frameBytes } from "../../../model/descriptor.js";
import { fates } from "../../../model/ledger.js";
import { borrowPixels, bytesPerPixel, type PixelArray } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import type { HeldFolder } from "../../claim/held-folder.js";
import { removeEmptyFolder } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import { type FrameStore, nameOf, type StoreRequest } from "../../frame-store.js";
import { writeWholeSynced } from "../../whole-file.js";
import { type ArrayLayout, arrayJson, groupJson, growingArrayJson } from "./array-metadata.js";
import { columnChecksums } from "./column-checksums.js";
import { ColumnTable, columnLayout, type TableLayout } from "./column-table.js";
import { type FrameChunkEncoder, loadFrameChunkEncoder } from "./frame-chunk.js";
import { framesAttributes, framesTable, putFrameRow } from "./frame-columns.js";
import { halve, halvedShape } from "./halve.js";
import { ImageArray, imageLayout } from "./image-array.js";
import { appendEventRow, ledgerTable, putFrameFate } from "./ledger-columns.js";
import { type DisplayRange, omeAttributes } from "./ome-metadata.js";
import { zarrStore } from "./own-files.js";
import { freeReserve, makeStore, type Skeleton, syncStore } from "./store-folder.js";
import { putTrackRows, tracksTable } from "./track-columns.js";
import { Unsynced } from "./unsynced.js";
import { defaultZarr, type ZarrSettings, zarrFaults } from "./zarr-options.js";

interface Level {
  readonly array: ImageArray;
  readonly shape: FrameShape;
  /** Pixels of this level, made from the level before; of level 0 they are the frame's. */
  readonly pixels: PixelArray | undefined;
}

export async function openZarrStore(request: StoreRequest): Promise<FrameStore> {
  const { where, descriptor } = request;
  // Without a slash at the end, which would hide the name.
  const path = request.path.replace(/\/+$/, "");
  const settings = (request.settings?.zarr as ZarrSettings | undefined) ?? defaultZarr;
  const faults = zarrFaults(settings, descriptor.shape);
  if (faults.length > 0) throw parameterRefusal(where, faults);
  const wholeBytes = frameBytes(descriptor);
  const encoder = await loadFrameChunkEncoder(settings.codec, descriptor.pixelFormat, wholeBytes);
  const shapes: FrameShape[] = [descriptor.shape];
  while (shapes.length < settings.levels) shapes.push(halvedShape(shapes.at(-1)!));
  const layouts = shapes.map((shape) =>
    imageLayout(descriptor.pixelFormat, shape, encoder.codecs, settings.framesPerShard),
  );
  const tables: TableLayout[] = [framesTable, ledgerTable];
  if (descriptor.detections) tables.push(tracksTable(descriptor.detections.columns));
  let range: DisplayRange | undefined;
  let end: EndOfStream | null = null;
  let sums: Readonly<Record<string, number>> | undefined;
  let frames = 0;
  const unsynced = request.isSynced ? new Unsynced() : undefined;
  let store: HeldFolder;
  try {
    const imageJson = unsynced ? growingArrayJson : arrayJson;
    store = makeStore(path, skeletonOf(rootJson(), layouts, tables, imageJson));
  } catch (error) {
    throw fileInTheWay(where, error);
  }

  const levels = layouts.map((layout, level): Level => {
    const shape = shapes[level]!;
    const room = level === 0 ? undefined : newPixels(descriptor.pixelFormat, shape);
    return { array: new ImageArray(store, String(level), layout, unsynced), shape, pixels: room };
  });
  const [images, ledger, tracks] = tables.map((layout) => new ColumnTable(store, layout, unsynced)) as [
    ColumnTable,
    ColumnTable,
    ColumnTable | undefined,
  ];

  /** The store's own metadata; is_complete stays false until it is closed in order. */
  function rootJson(): string {
    const most = descriptor.pixelFormat === "float32" ? 1 : 2 ** descriptor.bitDepth - 1;
    return groupJson({
      ome: omeAttributes(basename(nameOf(request)), descriptor, settings.levels, range ?? { start: 0, end: most }),
      mote: {
        layout: 1,
        is_complete: end !== null && !end.notStored,
        descriptor: descriptor,
        ...(sums && { column_crc32: sums }),
        ...(end ? { processing_metrics: { framesStored: frames, detectionsStored: tracks?.rows ?? 0, ...end } } : {}),
      },
    });
  }

  function promiseRows(rows: { readonly images: number; readonly ledger: number; readonly tracks: number }): void {
    images.promise(rows.images);
    ledger.promise(rows.ledger);
    tracks?.promise(rows.tracks);
  }

  /** From the smallest to the full one, so that who sees a frame there sees it everywhere. */
  function promiseFrames(count: number): void {
    for (const { array } of [...levels].reverse()) array.promise(count);
  }

  function append(frame: Frame): void {
    const { buffer, byteOffset } = frame.pixels;
    const bytes = new Uint8Array(buffer, byteOffset, wholeBytes);
    if (range === undefined) describeRange(frame.pixels);
    putFrameRow(images, frame);
    const rows = tracks ? putTrackRows(tracks, frame) : 0;
    putFrameFate(ledger, frame, "stored");
    putLevels(levels, encoder, frames, frame.pixels, bytes);
    const before = levels[0]!.array.readable(frames);
    const after = levels[0]!.array.readable(frames + 1);
    try {
      promiseRows({ images: after, ledger: ledger.rows + 1, tracks: (tracks?.rows ?? 0) + rows });
      if (after !== before) promiseFrames(after);
    } catch (error) {
      attempt(() => promiseRows({ images: before, ledger: ledger.rows, tracks: tracks?.rows ?? 0 }));
      throw error;
    }
    for (const { array } of levels) array.count(frames);
    images.count(1);
    ledger.count(1);
    tracks?.count(rows);
    frames++;
  }

  /** The first frame's darkest and brightest pixel are what viewers begin with. */
  function describeRange(pixels: PixelArray): void {
    range = rangeOf(pixels);
    try {
      writeWholeSynced(join(store.path, "zarr.json"), Buffer.from(rootJson()));
    } catch (error) {
      range = undefined;
      throw error;
    }
  }

  /** After an append that failed: what is not promised goes, so that a full disk has room for what is. */
  function takeBack(): void {
    for (const { array } of levels) attempt(() => array.takeBack(frames));
  }

  function writingFailed(error: unknown): MoteError {
    const what = `writing after frame ${frames} failed: ${reason(store.told(error))}`;
    return failure(
      codeOf(error),
      where,
      what,
      "What was stored before is whole; make room and run again with another --out.",
      error,
    );
  }

  function checked(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw writingFailed(error);
    }
  }

  const appendDetections = (table: ColumnTable) => (frame: Frame) =>
    checked(() => {
      const rows = putTrackRows(table, frame);
      putFrameFate(ledger, frame, "image not stored");
      promiseRows({ images: images.rows, ledger: ledger.rows + 1, tracks: table.rows + rows });
      table.count(rows);
      ledger.count(1);
    });

  return {
    made: store.identity,
    get frames() {
      return frames;
    },
    get rows() {
      return tracks?.rows ?? 0;
    },
    append(frame) {
      checked(() => {
        try {
          append(frame);
        } catch (error) {
          takeBack();
          throw error;
        }
      });
    },
    ...(tracks ? { appendDetections: appendDetections(tracks) } : {}),
    event(event) {
      checked(() => appendEventRow(ledger, event));
    },
    ...(unsynced && { sync: () => unsynced.sync(store, path) }),
    async close(given) {
      if (given === null && frames === 0 && (tracks?.rows ?? 0) === 0) {
        zarrStore.remove(store.path);
        if (store.hasItsName()) removeEmptyFolder(path);
        closeFiles();
        return;
      }
      let first: unknown;
      const step = (work: () => void): boolean => {
        const error = attempt(work);
        first ??= error;
        return error === undefined;
      };
      step(() => freeReserve(store));
      let readable = frames;
      for (const { array } of levels) {
        if (!step(() => array.finish())) readable = Math.min(readable, array.readable(frames));
      }
      step(() => promiseFrames(readable));
      step(() => promiseRows({ images: readable, ledger: ledger.rows, tracks: tracks?.rows ?? 0 }));
      if (given) {
        step(() => {
          sums = columnChecksums(store.path, tables);
        });
      }
      // What says that a store was closed in order is not said when something before it failed.
      end = first === undefined ? given : null;
      step(() => writeWholeSynced(join(store.path, "zarr.json"), Buffer.from(rootJson())));
      try {
        await syncStore(store, path);
      } catch (error) {
        first ??= error;
      } finally {
        closeFiles();
      }
      if (first !== undefined && given) {
        const hint = "The frames up to here are in the store.";
        throw failure(codeOf(first), where, `cannot be closed in order: ${reason(store.told(first))}`, hint, first);
      }
    },
  };

  function closeFiles(): void {
    for (const { array } of levels) array.close();
    images.close();
    ledger.close();
    tracks?.close();
    store.close();
  }
}

/** The error of a step, undefined when it worked. */
function attempt(step: () => void): unknown {
  try {
    step();
    return undefined;
  } catch (error) {
    return error ?? new Error("unknown");
  }
}

function attributesOf(table: TableLayout): object {
  if (table === framesTable) return framesAttributes;
  return table === ledgerTable ? { fates } : {};
}

function skeletonOf(
  root: string,
  layouts: readonly ArrayLayout[],
  tables: readonly TableLayout[],
  imageJson: typeof arrayJson,
): Skeleton {
  return [
    ["", root],
    ...layouts.map((layout, level): [string, string] => [String(level), imageJson(layout, 0)]),
    ...tables.flatMap((table): [string, string][] => [
      [table.folder, groupJson(attributesOf(table))],
      ...table.columns.map((column): [string, string] => [
        join(table.folder, column.name),
        growingArrayJson(columnLayout(table, column), 0),
      ]),
    ]),
  ];
}

function newPixels(format: "uint8" | "uint16" | "float32", { height, width }: FrameShape): PixelArray {
  return borrowPixels(format, new ArrayBuffer(height * width * bytesPerPixel[format]), 0, height * width);
}

/** Puts a frame and its smaller levels. */
function putLevels(
  levels: readonly Level[],
  encoder: FrameChunkEncoder,
  index: number,
  pixels: PixelArray,
  bytes: Uint8Array,
): void {
  levels[0]!.array.put(index, encoder.borrowEncoded(bytes));
  let above = pixels;
  for (const [level, { array, pixels: own }] of levels.entries()) {
    if (!own) continue;
    halve(own, above, levels[level - 1]!.shape);
    array.put(index, encoder.borrowEncoded(new Uint8Array(own.buffer, own.byteOffset, own.byteLength)));
    above = own;
  }
}

/** Darkest and brightest finite pixel; one level wide at least. */
function rangeOf(pixels: PixelArray): DisplayRange {
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const value of pixels) {
    if (value < start && value > Number.NEGATIVE_INFINITY) start = value;
    if (value > end && value < Number.POSITIVE_INFINITY) end = value;
  }
  if (!(end >= start)) return { start: 0, end: 1 };
  return { start, end: end > start ? end : start + 1 };
}
