// Archives frames as TIFF without end and says after each how many are stored: for tiff-faults.test.ts to kill or to run
// out of disk. Frame k is filled with (pixel * 31 + k * 7919) % 65521. Arguments: path (with a / at its
// end: a folder of files), side of the frame, compression.
import { writeSync } from "node:fs";
import { Frame } from "../../../dist/core/memory/frame.js";
import { slotLayout } from "../../../dist/core/memory/slot-layout.js";
import { openTiffFolder } from "../../../dist/core/storage/formats/tiff/tiff-folder.js";
import { openTiffStore } from "../../../dist/core/storage/formats/tiff/tiff-store.js";

const [path, sideText, compression] = process.argv.slice(2);
const side = Number(sideText);
const geometry = { pixelFormat: "uint16", pixelBytes: side * side * 2, detectionRows: 0, detectionColumns: 0 };
const frame = new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
const descriptor = {
  pixelFormat: "uint16",
  shape: { height: side, width: side },
  bitDepth: 16,
  hasFrames: true,
  detections: null,
  isLinked: false,
  pixelSizeUm: 0.1,
  rateHz: 20,
  frameCount: null,
  isLive: true,
  source: {},
  calibration: null,
  producedBy: [],
};
const settings = { compression, isPredicted: compression !== "none" };
const plan = { where: `archive, --out ${path}`, descriptor, workers: 2 };
const names = { template: "{date}/frame_{frame:06}.tif", run: 1, date: "2026-11-20" };
const store = path.endsWith("/")
  ? openTiffFolder({ ...plan, folder: path, names, settings })
  : openTiffStore({ ...plan, path, geometry, settings: { tiff: settings } });
writeSync(1, "0\n");
try {
  for (let number = 0; ; number++) {
    frame.header.reset("uint16", side, side, side * 2, 16);
    frame.header.frameNumber = number;
    frame.header.capturedAtNs = 1_763_720_400_000_000_000n + BigInt(number) * 50_000_000n;
    for (let at = 0; at < side * side; at++) frame.pixels[at] = (at * 31 + number * 7919) % 65521;
    await store.append(frame);
    writeSync(1, `${number + 1}\n`);
  }
} catch (error) {
  writeSync(1, `${JSON.stringify({ message: error.message, exitCode: error.exitCode })}\n`);
  await store.close(null);
}
