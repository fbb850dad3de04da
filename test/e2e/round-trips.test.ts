/** Every format that keeps frames, from every other: the same pixels, headers and facts of the stream. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { openMoteStore } from "../../src/core/storage/mote-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame, seeded } from "../core/fake-context.js";
import { runSource } from "../core/run-source.js";
import { openShell } from "./shell.js";

/** What is asked for, and what is given to acquire afterwards. */
const formats: readonly { readonly name: string; readonly sink: (out: string) => string; readonly from: string }[] = [
  { name: "mote", sink: (out) => `archive --out ${out}.mote`, from: ".mote" },
  { name: "h5", sink: (out) => `archive --out ${out}.h5 --hdf5-filter bitshuffle-lz4`, from: ".h5" },
  { name: "h5-frames", sink: (out) => `archive --out ${out}.h5 --hdf5-layout per-frame`, from: ".h5" },
  { name: "h5-split", sink: (out) => `archive --out ${out}.h5 --split 2frames`, from: "_*.h5" },
  { name: "tif", sink: (out) => `archive --out ${out}.tif`, from: ".tif" },
  {
    name: "tif-zstd",
    sink: (out) => `archive --out ${out}.tif --tiff-compression zstd --tiff-predictor`,
    from: ".tif",
  },
  { name: "ome-tif", sink: (out) => `archive --out ${out}.ome.tif --tiff-compression lzw`, from: ".ome.tif" },
  { name: "tifs", sink: (out) => `archive --out ${out}/ --name-template 'f_{frame:04}.tiff'`, from: "" },
  { name: "ome-zarr", sink: (out) => `archive --out ${out}.ome.zarr`, from: ".ome.zarr" },
  {
    name: "zarr-shards",
    sink: (out) => `archive --out ${out}.ome.zarr --zarr-shard 3 --zarr-codec zstd`,
    from: ".ome.zarr",
  },
  { name: "jxl", sink: (out) => `compress --out ${out}`, from: "" },
];
/** JPEG XL would round floats. */
const forFloats = formats.filter(({ name }) => name !== "jxl");

const fields = [
  "frameNumber",
  "deviceFrameNumber",
  "capturedAtNs",
  "receivedAtNs",
  "width",
  "height",
  "bitDepth",
  "sourceIndex",
  "channelIndex",
  "zIndex",
  "positionIndex",
  "exposureMs",
  "roiX",
  "roiY",
  "binningX",
  "binningY",
  "temperatureC",
  "stageXUm",
  "stageYUm",
  "stageZUm",
] as const;

/** Writes a recording in which every field of the headers says something. */
async function record(path: string, descriptor: StreamDescriptor): Promise<void> {
  const geometry = fakeGeometry(descriptor);
  const store = await openMoteStore({ path, where: "test", descriptor, geometry, isForced: false });
  const frame = fakeFrame(geometry);
  const random = seeded(7);
  for (let number = 0; number < 5; number++) {
    fillFrame(frame, descriptor, number, 0);
    frame.rowCount = -1;
    const { header, pixels } = frame;
    // Frame 3 was lost, and times are not evenly spaced.
    header.frameNumber = number < 3 ? number : number + 1;
    header.capturedAtNs += BigInt(number * number) * 1_234_567n;
    Object.assign(header, { sourceIndex: 0, channelIndex: 0, zIndex: 0, positionIndex: 0 });
    Object.assign(header, { roiX: 16, roiY: 8, binningX: 2, binningY: 2, temperatureC: -20.25 });
    Object.assign(header, { stageXUm: 1.5 + number, stageYUm: -2.25, stageZUm: 1e-3 });
    if (number === 4) Object.assign(header, { exposureMs: Number.NaN, temperatureC: Number.NaN, stageZUm: Number.NaN });
    const most = descriptor.pixelFormat === "float32" ? 1 : 2 ** descriptor.bitDepth - 1;
    for (let at = 0; at < pixels.length; at++) pixels[at] = random() * most;
    store.append(frame);
  }
  await store.close(end);
}

async function take(files: string) {
  const frames: object[] = [];
  const { output } = await runSource(
    acquire,
    { files: [files] },
    {
      visit({ header, pixels }) {
        frames.push({ ...Object.fromEntries(fields.map((name) => [name, header[name]])), pixels: pixels.slice() });
      },
    },
  );
  const { pixelFormat, shape, bitDepth, pixelSizeUm, rateHz, frameCount } = output;
  return { stream: { pixelFormat, shape, bitDepth, pixelSizeUm, rateHz, frameCount }, frames };
}

test.each([
  ["uint8", 8],
  ["uint16", 12],
  ["uint16", 16],
  ["float32", 32],
] as const)(
  "%s of %i bits keeps every pixel and every field from each format to each other",
  { timeout: 300_000 },
  async (pixelFormat, bitDepth) => {
    const shell = openShell(`round trips ${mkdtempSync(join(tmpdir(), "x")).slice(-6)}`);
    const shape = { height: 37, width: 51 };
    const descriptor = fakeDescriptor({
      pixelFormat,
      bitDepth,
      shape,
      detections: null,
      isLinked: false,
      pixelSizeUm: 0.35,
      rateHz: 24,
    });
    await record(join(shell.folder, "was.mote"), descriptor);
    const was = await take(join(shell.folder, "was.mote"));
    expect(was.frames.length).toBe(5);
    const kept = pixelFormat === "float32" ? forFloats : formats;
    const lines = kept.map(({ name, sink }) => `mote run --quiet acquire was.mote then ${sink(name)}`);
    for (const line of lines) expect(await shell.run(line), line).toMatchObject({ code: 0, err: "" });
    // The whole table for one type; the others from each format once and to each once.
    const pairs = kept.flatMap((from, at) =>
      (bitDepth === 12 ? kept : [kept[(at + 1) % kept.length]!]).map((to) => ({
        from,
        to,
        out: `${from.name}-to-${to.name}`,
      })),
    );
    for (const { from, to, out } of pairs) {
      const line = `mote run --quiet acquire '${from.name}${from.from}' then ${to.sink(out)}`;
      expect(await shell.run(line), line).toMatchObject({ code: 0, err: "" });
      expect(await take(join(shell.folder, `${out}${to.from}`)), line).toEqual(was);
    }
  },
);
