/** What is in a Zarr store of images: plain facts for `inspect`; of Mote's own stores also what stands beside the frames. */
import { refusal } from "../../../errors.js";
import { explained } from "../../../imaging/explained.js";
import type { ImageFileFacts } from "../../../imaging/image-file.js";
import { isJsonObject, type JsonObject } from "../../../model/json.js";
import { countFates } from "../../verify/lost-frames.js";
import { findImage } from "./find-image.js";
import { readLedger } from "./ledger-columns.js";
import { openPlanes } from "./plane-reader.js";
import { openZarrImages, recordedDescriptor } from "./read.js";
import { pixelFormatOf, readNodeIn } from "./read-node.js";

export interface ZarrDescription extends ImageFileFacts {
  readonly format: "zarr";
  /** "0.5"; null for a plain array. */
  readonly omeVersion: string | null;
  readonly zarrVersion: 2 | 3;
  /** All axes, slowest first; null where the store does not name one. */
  readonly axes: readonly (string | null)[];
  /** Resolutions, the full one first. */
  readonly levels: readonly { readonly path: string; readonly shape: readonly number[] }[];
  readonly chunkShape: readonly number[];
  /** Null without shards. */
  readonly shardShape: readonly number[] | null;
  readonly codecs: readonly string[];
  /** Rows of the tables beside the frames, by name. */
  readonly tables: Readonly<Record<string, number>>;
  /** Frames that it says were lost while it was recorded: of its end, or as far as its ledger says. */
  readonly lostFrames: number;
  /** Closed in order; null when the store does not say (not written by Mote). */
  readonly isComplete: boolean | null;
  /** The stream as Mote recorded it. */
  readonly recorded: JsonObject | null;
}

const tables = { images: "frame_number", tracks: "frame", ledger: "fate" } as const;

/** Reads metadata only; a refusal names what is wrong. */
export async function describeZarr(path: string): Promise<ZarrDescription> {
  try {
    const image = findImage(path);
    const { array, axes, levels, omeVersion, attributes } = image;
    const planes = await openPlanes(array, pixelFormatOf(array), false);
    planes.close();
    const file = await openZarrImages(path);
    file.close();
    const descriptor = recordedDescriptor(image);
    const { mote } = attributes;
    return {
      format: "zarr",
      ...file.facts,
      omeVersion,
      zarrVersion: array.version,
      axes,
      levels: levels.map((level) => ({ path: level, shape: shapeOf(path, level) ?? [] })),
      chunkShape: planes.chunkShape,
      shardShape: planes.shardShape,
      codecs: planes.codecs,
      tables: descriptor ? tableRows(path) : {},
      lostFrames: descriptor ? (file.facts.recordedLoss?.lost ?? countFates(readLedger(path, () => {})).lost) : 0,
      isComplete: descriptor && isJsonObject(mote) ? mote.is_complete === true : null,
      recorded: descriptor ? (descriptor as unknown as JsonObject) : null,
    };
  } catch (error) {
    throw explained(`inspect, ${path}`, error, refusal);
  }
}

function shapeOf(store: string, name: string): readonly number[] | undefined {
  const node = readNodeIn(store, name);
  return node?.kind === "array" ? node.shape : undefined;
}

function tableRows(path: string): Record<string, number> {
  const rows: Record<string, number> = {};
  for (const [table, column] of Object.entries(tables)) {
    const shape = shapeOf(path, `${table}/${column}`);
    if (shape) rows[table] = shape[0] ?? 0;
  }
  return rows;
}
