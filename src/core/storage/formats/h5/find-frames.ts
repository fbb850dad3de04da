/** Which datasets of an HDF5 file hold its frames: Mote's own, in either layout, or the one that could be frames. */
import { FormatProblem } from "../../../format-problem.js";
import { largestFrameBytes } from "../../../imaging/image-file.js";
import type { FrameShape } from "../../../model/descriptor.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { canDecode, filterName } from "./filters.js";
import type { H5Reader } from "./h5-reader.js";
import { pixelTypes } from "./h5-writer.js";

export interface FrameDatasets {
  /** One of them for all frames, or one a frame. */
  readonly paths: readonly string[];
  readonly isStack: boolean;
  readonly count: number;
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
  /** Written by Mote, metadata beside it. */
  readonly isOurs: boolean;
}

/**
 * Takes `dataset` where it is given, else /images/frames, else /images/frame_000000 and so on, else the only dataset of
 * frames. Refuses with the list of all datasets when none or several could be meant, and what cannot be decoded by the
 * filter's name.
 */
export function findFrames(file: H5Reader, dataset: string | undefined): FrameDatasets {
  if (dataset !== undefined) {
    const path = dataset.startsWith("/") ? dataset : `/${dataset}`;
    if (!file.dataset(path))
      throw new FormatProblem("no-such-item", `there is no dataset ${path}`, undefined, list(file));
    return stack(file, path);
  }
  if (file.dataset("/images/frames")) return stack(file, "/images/frames");
  const single = file.paths.filter((path) => /^\/images\/frame_\d{6,}$/.test(path));
  if (single.length > 0) return perFrame(file, single);
  const candidates = file.paths.filter((path) => {
    const found = file.dataset(path);
    return found?.shape.length === 3 && pixelFormatOf(found.type) !== undefined;
  });
  if (candidates.length === 1) return stack(file, candidates[0]!);
  if (file.paths.includes("/metadata/ledger")) {
    throw new FormatProblem(
      "nothing-in-it",
      "holds detections without frames",
      undefined,
      "Read its tables with h5py.",
    );
  }
  throw new FormatProblem(
    candidates.length === 0 ? "nothing-in-it" : "choice-needed",
    candidates.length === 0
      ? "expected a dataset of frames (three axes; uint8, uint16 or float32), there is none"
      : `there are ${candidates.length} datasets that could be frames`,
    undefined,
    `${candidates.length === 0 ? "" : "Choose one with --dataset. "}${list(file)}`,
  );
}

function stack(file: H5Reader, path: string): FrameDatasets {
  const { shape: axes, type } = file.dataset(path)!;
  if (axes.length !== 3) {
    throw new FormatProblem(
      "unsupported",
      `${path} has ${axes.length} axes, expected frames, rows and columns`,
      undefined,
      list(file),
    );
  }
  const [count, height, width] = axes as [number, number, number];
  const isOurs = path === "/images/frames" && file.paths.includes("/metadata");
  return { paths: [path], isStack: true, count, isOurs, ...kindOf(file, path, { height, width }, type) };
}

function perFrame(file: H5Reader, names: readonly string[]): FrameDatasets {
  const numberOf = (path: string) => Number(path.slice("/images/frame_".length));
  const paths = [...names].sort((a, b) => numberOf(a) - numberOf(b));
  const first = paths[0]!;
  const { shape: axes, type } = file.dataset(first)!;
  if (axes.length !== 2)
    throw new FormatProblem("unsupported", `${first} has ${axes.length} axes, expected rows and columns`);
  const [height, width] = axes as [number, number];
  const kind = kindOf(file, first, { height, width }, type);
  return { paths, isStack: false, count: paths.length, isOurs: true, ...kind };
}

function kindOf(file: H5Reader, path: string, shape: FrameShape, type: string) {
  const pixelFormat = pixelFormatOf(type);
  if (!pixelFormat) {
    throw new FormatProblem(
      "unsupported",
      `${path} holds ${type}, expected uint8, uint16 or float32`,
      undefined,
      list(file),
    );
  }
  const bytes = shape.height * shape.width * bytesPerPixel[pixelFormat];
  if (bytes === 0 || bytes > largestFrameBytes) {
    throw new FormatProblem("file-damaged", `${path} holds frames of ${shape.width}x${shape.height} pixels`);
  }
  for (const { id, cd_values } of file.dataset(path)!.filters) {
    if (canDecode(id)) continue;
    throw new FormatProblem(
      "unsupported",
      `${path} is compressed with ${filterName(id, cd_values)} (HDF5 filter ${id}), which Mote cannot decode`,
      undefined,
      "Write it again with another filter: h5repack -f GZIP=1 IN.h5 OUT.h5, where that filter is installed.",
    );
  }
  return { shape, pixelFormat };
}

function pixelFormatOf(type: string): PixelFormat | undefined {
  const letter = type.replace(/^[<>|]/, "<");
  return (Object.keys(pixelTypes) as PixelFormat[]).find((name) => pixelTypes[name] === letter);
}

/** The first twenty datasets of the file, in words. */
function list(file: H5Reader): string {
  const all = file.paths.flatMap((path) => {
    const found = file.dataset(path);
    return found ? [`${path} (${found.shape.join(", ")}) ${found.type}`] : [];
  });
  const more = all.length > 20 ? ` and ${all.length - 20} more` : "";
  return all.length === 0 ? "It has no datasets." : `It has ${all.slice(0, 20).join("; ")}${more}.`;
}
