/** Every format that keeps frames, from every other: the same pixels, headers and facts of the stream. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { openMoteStore } from "../../src/core/storage/formats/mote/mote-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../core/fake-context.js";
import { runSource } from "../core/run-source.js";
import { seeded } from "../seed.js";
import { openShell } from "./shell.js";

/** Sinks, each writing several formats at once: their words, and by format what is given to acquire afterwards. */
const sinks: readonly { readonly words: (to: string) => string; readonly made: Readonly<Record<string, string>> }[] = [
  {
    words: (to) =>
      `archive --hdf5-filter bitshuffle-lz4 --out ${to}.mote --out ${to}.h5 --out ${to}.tif --out ${to}.ome.tif --out ${to}.ome.zarr`,
    made: { mote: ".mote", h5: ".h5", tif: ".tif", "ome-tif": ".ome.tif", "ome-zarr": ".ome.zarr" },
  },
  {
    words: (to) =>
      `archive --hdf5-layout per-frame --tiff-compression zstd --tiff-predictor --zarr-shard 3 --zarr-codec zstd --out ${to}-f.h5 --out ${to}-z.tif --out ${to}-s.ome.zarr`,
    made: { "h5-frames": "-f.h5", "tif-zstd": "-z.tif", "zarr-shards": "-s.ome.zarr" },
  },
  {
    words: (to) => `archive --split 2frames --out ${to}-split.h5 --out ${to}-tifs/ --name-template 'f_{frame:04}.tiff'`,
    made: { "h5-split": "-split_*.h5", tifs: "-tifs" },
  },
  { words: (to) => `compress --out ${to}-jxl`, made: { jxl: "-jxl" } },
];
/** JPEG XL would round floats. */
const forFloats = sinks.slice(0, -1);

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
  const store = await openMoteStore({ path, where: "test", descriptor, geometry });
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
    const kept = pixelFormat === "float32" ? forFloats : sinks;
    const run = async (from: string, sink: (typeof sinks)[number], to: string) => {
      const line = `mote run --quiet acquire '${from}' then ${sink.words(to)}`;
      // The frame that was lost before the recording is told by every copy of it.
      const told = { code: 3, err: "loss: acquire: 1 frame lost (before, as the recording says)" };
      expect(await shell.run(line), line).toMatchObject(told);
      for (const ending of Object.values(sink.made)) {
        expect(await take(join(shell.folder, `${to}${ending}`)), `${line}: ${ending}`).toEqual(was);
      }
    };
    for (const sink of kept) await run("was.mote", sink, "first");
    const sources = kept.flatMap(({ made }) => Object.entries(made));
    // Every pair for one type; for the others each format to some and from some.
    for (const [at, [name, ending]] of sources.entries()) {
      const some = bitDepth === 12 ? kept : [kept[at % kept.length]!];
      for (const [index, sink] of some.entries()) await run(`first${ending}`, sink, `${name}-${index}`);
    }
  },
);
