/** The first look at the files to replay: their headers, and that all of them hold the same kind of frame. */
import { refusal } from "../../errors.js";
import { FormatProblem } from "../../format-problem.js";
import { explained } from "../../imaging/explained.js";
import type { ImageFileFacts } from "../../imaging/image-file.js";
import type { RawLayout } from "../formats/format.js";
import { findFiles } from "./find-files.js";
import { hasDatasets, isKnownFormat, knownExtensions, openImageFile } from "./image-formats.js";
import { type Joined, joinParts } from "./join-parts.js";

/** A file by what is known of it before its turn comes. */
export interface ReplayedFile extends Joined, Pick<ImageFileFacts, "numberStep"> {
  readonly path: string;
  readonly frames: number;
}

export interface FileFacts {
  readonly files: readonly ReplayedFile[];
  /** Of the first file; the others have the same shape and type. */
  readonly first: ImageFileFacts;
}

/**
 * Opens and closes every file in turn, reading headers only. Refuses (exit code 2) what cannot be found, read or
 * understood, what is headerless without `layout` and what differs from the first file, each by name.
 */
export async function lookAtFiles(
  where: string,
  paths: readonly string[],
  layout: RawLayout | undefined,
  dataset?: string,
): Promise<FileFacts> {
  const found: (Pick<ReplayedFile, "path" | "frames" | "numberStep"> &
    Pick<ImageFileFacts, "recordedLoss" | "part">)[] = [];
  let first: ImageFileFacts | undefined;
  for (const path of findFiles(where, paths)) {
    if (!isKnownFormat(path) && !layout) {
      throw refusal(
        "bad-name",
        `${where}, ${path}`,
        `is none of ${knownExtensions.join(", ")}`,
        "For a headerless file give its layout, such as --size 640x480 --pixel-format uint16.",
      );
    }
    const facts = await readFacts(where, path, layout, dataset);
    first ??= facts;
    if (!isAlike(facts, first)) {
      throw refusal(
        "frames-differ",
        `${where}, ${path}`,
        `holds ${word(facts)} frames, the files before ${word(first)}`,
        "Replay files of one shape and pixel type at a time.",
      );
    }
    const { frameCount: frames, numberStep, recordedLoss, part } = facts;
    found.push({
      path,
      frames,
      ...(numberStep && { numberStep }),
      ...(recordedLoss && { recordedLoss }),
      ...(part && { part }),
    });
  }
  if (!first) throw refusal("bad-option", where, "there is no file to replay", "Name a file, a folder or a pattern.");
  const joined = joinParts(found);
  const files = found.map(({ part: _, ...file }, at): ReplayedFile => ({ ...file, ...joined[at] }));
  return { files, first };
}

async function readFacts(
  where: string,
  path: string,
  layout: RawLayout | undefined,
  dataset: string | undefined,
): Promise<ImageFileFacts> {
  try {
    if (dataset !== undefined && !hasDatasets(path)) {
      throw new FormatProblem(
        "option-conflict",
        "has no datasets to choose from",
        undefined,
        "--dataset is for .h5; leave it out.",
      );
    }
    const file = await openImageFile(path, layout, dataset);
    file.close();
    if (layout && isKnownFormat(path)) {
      throw new FormatProblem(
        "option-conflict",
        "has a header of its own",
        undefined,
        "Leave --size and --pixel-format out.",
      );
    }
    return file.facts;
  } catch (error) {
    throw explained(`${where}, ${path}`, error, refusal);
  }
}

function isAlike(a: ImageFileFacts, b: ImageFileFacts): boolean {
  return a.pixelFormat === b.pixelFormat && a.shape.height === b.shape.height && a.shape.width === b.shape.width;
}

function word(facts: ImageFileFacts): string {
  return `${facts.shape.width}x${facts.shape.height} ${facts.pixelFormat}`;
}
