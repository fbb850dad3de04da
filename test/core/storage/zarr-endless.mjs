// Archives frames as OME-Zarr without end and says after each how many are stored: for zarr-faults.test.ts to kill or to run
// out of disk. Frame k is filled with (pixel * 31 + k * 7919) % 65521. Arguments: path, side, rows, settings as JSON, and
// "tracks-only" to go on with detections for a hundred frames when the disk refuses the pixels.
import { writeSync } from "node:fs";
import { Frame } from "../../../dist/core/memory/frame.js";
import { slotLayout } from "../../../dist/core/memory/slot-layout.js";
import { openZarrStore } from "../../../dist/core/storage/formats/zarr/zarr-store.js";

const [path, sideText, rowsText, settings, policy] = process.argv.slice(2);
const side = Number(sideText);
const rows = Number(rowsText);
const columns = ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"];
const geometry = {
  pixelFormat: "uint16",
  pixelBytes: side * side * 2,
  detectionRows: rows,
  detectionColumns: columns.length,
};
const frame = new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
const descriptor = {
  pixelFormat: "uint16",
  shape: { height: side, width: side },
  bitDepth: 16,
  hasFrames: true,
  detections: { columns },
  isLinked: true,
  pixelSizeUm: 0.1,
  rateHz: 20,
  frameCount: null,
  isLive: true,
  source: {},
  calibration: null,
  producedBy: [],
};
const zarr = { codec: "blosc-lz4", framesPerShard: 1, levels: 1, ...JSON.parse(settings) };
const where = `archive, --out ${path}`;
const store = await openZarrStore({ path, where, descriptor, geometry, settings: { zarr } });
function fill(number) {
  frame.header.reset("uint16", side, side, side * 2, 16);
  frame.header.frameNumber = number;
  frame.header.capturedAtNs = 1_763_720_400_000_000_000n + BigInt(number) * 50_000_000n;
  for (let at = 0; at < side * side; at++) frame.pixels[at] = (at * 31 + number * 7919) % 65521;
  for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
  frame.rowCount = rows;
}
writeSync(1, "0\n");
let number = 0;
try {
  for (; ; number++) {
    fill(number);
    store.append(frame);
    writeSync(1, `${number + 1}\n`);
  }
} catch (error) {
  let tracked = 0;
  try {
    for (; policy === "tracks-only" && tracked < 100; tracked++) {
      fill(number + tracked);
      store.appendDetections(frame);
    }
  } catch {
    // Counted as far as it went.
  }
  writeSync(
    1,
    `${JSON.stringify({ message: error.message, exitCode: error.exitCode, frames: store.frames, tracked, rows: store.rows })}\n`,
  );
  await store.close(null);
}
