// Every way in which archive and compress store frames, for bench/archive.mjs and bench/ratios.mjs: the words of the
// command line, what is written, and how to read a frame of it back. Lists come from the program's own registries.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hdf5FilterNames } from "../dist/core/storage/formats/h5/filters.js";
import { tiffCompressionNames } from "../dist/core/storage/formats/tiff/tiff-options.js";
import { openImageFile } from "../dist/core/storage/read/image-formats.js";

const zarrCodecNames = await import("../dist/core/storage/formats/zarr/zarr-options.js").then(
  (module) => module.zarrCodecNames,
  () => [],
);

/** @typedef {{ family: string, name: string, file: string, words: string[], effort?: number }} Format */

/** @type {Format[]} */
export const archiveFormats = [
  { family: "mote", name: ".mote", file: "out.mote", words: [] },
  ...hdf5FilterNames.map((name) => ({
    family: "h5",
    name: `.h5 ${name}`,
    file: "out.h5",
    words: ["--hdf5-filter", name],
  })),
  ...tiffCompressionNames.flatMap((name) =>
    (name === "none" ? [false] : [false, true]).map((isPredicted) => ({
      family: "tif",
      name: `.tif ${name}${isPredicted ? " predictor" : ""}`,
      file: "out.tif",
      words: ["--tiff-compression", name, ...(isPredicted ? ["--tiff-predictor"] : [])],
    })),
  ),
  ...zarrCodecNames.map((name) => ({
    family: "zarr",
    name: `.ome.zarr ${name}`,
    file: "out.ome.zarr",
    words: ["--zarr-codec", name],
  })),
].map((format) => ({ ...format, words: ["archive", "--force", "--out", format.file, ...format.words] }));

/** @returns {Format} */
export function jxlFormat(effort, verify, workers = 2) {
  return {
    family: "jxl",
    name: `.jxl effort ${effort}${verify === "none" ? "" : " verified"}`,
    file: "out-jxl",
    words: ["compress", "--out", "out-jxl", "--effort", `${effort}`, "--workers", `${workers}`, "--verify", verify],
    effort,
  };
}

/** Bytes of a file, or of all files below a folder; those of the journal are not pixels. */
export function bytesOf(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => name !== "journal.ndjson")
    .reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** Opens what was written: how many frames it has, and a frame of it in an array like `like`. */
export async function openWritten(path, like) {
  const whole = { x: 0, y: 0 };
  if (path.endsWith(".h5")) {
    const { describeH5, readH5Frame } = await import("../dist/core/storage/formats/h5/describe.js");
    const { frames } = await describeH5(path);
    return { count: frames?.count ?? 0, read: async (n) => (await readH5Frame(path, n)).pixels, close() {} };
  }
  if (path.endsWith("-jxl")) {
    const names = readdirSync(path)
      .filter((name) => name.endsWith(".jxl"))
      .sort();
    return {
      count: names.length,
      async read(n) {
        const image = await openImageFile(join(path, names[n]));
        const pixels = new like.constructor(like.length);
        await image.readFrame(0, pixels, { ...whole, ...image.facts.shape });
        image.close();
        return pixels;
      },
      close() {},
    };
  }
  const image = await openImageFile(path);
  return {
    count: image.facts.frameCount,
    async read(n) {
      const pixels = new like.constructor(like.length);
      await image.readFrame(n, pixels, { ...whole, ...image.facts.shape });
      return pixels;
    },
    close: () => image.close(),
  };
}

/** Throws unless `path` holds `count` frames, frame k that of sources[k % sources.length]; looks at every seventh and the last. */
export async function verifyWritten(path, sources, count) {
  const written = await openWritten(path, sources[0]);
  try {
    if (written.count !== count) throw new Error(`${path} has ${written.count} of ${count} frames`);
    for (let n = 0; n < count; n = n === count - 1 ? count : Math.min(n + 7, count - 1)) {
      const source = sources[n % sources.length];
      const got = await written.read(n);
      const same = Buffer.from(got.buffer, got.byteOffset, got.byteLength);
      if (same.compare(Buffer.from(source.buffer, source.byteOffset, source.byteLength)) !== 0) {
        throw new Error(`${path}: frame ${n} is not what was recorded`);
      }
    }
  } finally {
    written.close();
  }
}

/** All frames of an image file, or its first `most`. */
export async function framesOf(path, most = Number.POSITIVE_INFINITY) {
  const image = await openImageFile(path);
  const { shape, pixelFormat, frameCount } = image.facts;
  const Pixels = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[pixelFormat];
  const frames = [];
  for (let n = 0; n < Math.min(most, frameCount); n++) {
    const pixels = new Pixels(shape.height * shape.width);
    await image.readFrame(n, pixels, { x: 0, y: 0, ...shape });
    frames.push(pixels);
  }
  image.close();
  return { frames, shape, pixelFormat };
}
