/** Opening what can be replayed: by extension, or for a folder by what is in it. */
import { asDamage, decoding } from "../../decoding.js";
import { cutHint, damagedHint, FormatProblem, recoverHint } from "../../format-problem.js";
import type { ImageFile } from "../../imaging/image-file.js";
import type { Format, RawLayout, Replay } from "../formats/format.js";
import { formats, headerless } from "../formats/registry.js";

/** Hints that know no better than to copy the file again. */
const generalHints: ReadonlySet<string> = new Set([damagedHint, cutHint]);

const replays = formats.flatMap(({ replay }) => (replay ? [replay] : []));

export const knownExtensions: readonly string[] = replays.flatMap(({ extensions }) => extensions);

/** Lower-case extension with its dot; empty when there is none. A slash behind a folder's name is not part of it. */
export function extensionOf(path: string): string {
  return /\.[^./\\]+(?=[/\\]*$)/.exec(path)?.[0].toLowerCase() ?? "";
}

function replayOf(path: string): Replay | undefined {
  const extension = extensionOf(path);
  return replays.find((one) => one.isFolder?.(path)) ?? replays.find((one) => one.extensions.includes(extension));
}

/** Whether a folder is one recording of a format, whatever it is called. */
export function isRecordingFolder(path: string): boolean {
  return replays.some((one) => one.isFolder?.(path));
}

/** By the name, or for a folder by what is in it: one that holds a Zarr store counts as a file. */
export function isKnownFormat(path: string): boolean {
  return replayOf(path) !== undefined;
}

/** Whether a file has datasets to choose from, by its name. */
export function hasDatasets(path: string): boolean {
  return replayOf(path)?.hasDatasets === true;
}

/**
 * Opens a file by its extension, or as headerless when the extension is not known and a layout was given. `dataset` is the
 * one that holds the frames of an HDF5 file.
 */
export async function openImageFile(path: string, layout?: RawLayout, dataset?: string): Promise<ImageFile> {
  const replay = replayOf(path);
  const format = await (replay?.load ?? headerless)();
  const rethrow = rethrowOf(formats.find((one) => one.replay === replay));
  return guarded(await decoding(() => format.open(path, layout, dataset)).catch(rethrow), rethrow);
}

/** What its decoder lacks a check for is said as damage of the file. */
function guarded(file: ImageFile, rethrow: (error: unknown) => never): ImageFile {
  const { losses } = file;
  return {
    facts: file.facts,
    readFrame(index, pixels, region) {
      try {
        const place = file.readFrame(index, pixels, region);
        return place instanceof Promise ? place.catch(rethrow) : place;
      } catch (error) {
        return rethrow(error);
      }
    },
    ...(losses && {
      *losses(after: number, before: number) {
        try {
          yield* losses.call(file, after, before);
        } catch (error) {
          rethrow(error);
        }
      },
    }),
    close: () => file.close(),
  };
}

/** Says what was thrown as damage, and of a format from which frames can be got back that they can. */
function rethrowOf(format: Format | undefined): (error: unknown) => never {
  return (thrown) => {
    const error = asDamage(thrown);
    if (format?.recover && error instanceof FormatProblem && generalHints.has(error.hint)) {
      throw new FormatProblem(error.code, error.message, error.byte, recoverHint, error);
    }
    throw error;
  };
}
