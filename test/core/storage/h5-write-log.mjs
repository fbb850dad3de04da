// Archives frames and keeps every write that reached the file, in order, so that a judge can look at the file as it was after
// each of them. Arguments: folder, layout, frames, rows of detections, side of the frame, frames a commit. Leaves run.h5, writes.bin (the bytes)
// and writes.json: [offset, bytes, frames stored when it was made], bytes -1 for a truncation to offset.
import fs, { closeSync, openSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const [folder, layout, framesText, rowsText, sideText, togetherText] = process.argv.slice(2);
const path = join(folder, "run.h5");
const [frames, rows, side, together] = [framesText, rowsText, sideText, togetherText].map(Number);
const log = openSync(join(folder, "writes.bin"), "w");
const writes = [];
let stored = 0;
const { writeSync, ftruncateSync } = fs;
fs.writeSync = (fd, bytes, offset, length, position) => {
  const count = writeSync(fd, bytes, offset, length, position);
  if (fd > 2 && typeof position === "number") {
    writeSync(log, bytes, offset, count);
    writes.push([position, count, stored]);
  }
  return count;
};
fs.ftruncateSync = (fd, length) => {
  ftruncateSync(fd, length);
  writes.push([length, -1, stored]);
};
syncBuiltinESMExports();

const { Frame } = await import("../../../dist/core/memory/frame.js");
const { slotLayout } = await import("../../../dist/core/memory/slot-layout.js");
const { containerFor } = await import("../../../dist/core/storage/container-for.js");
const columns = ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"];
const pixelBytes = side * side;
const geometry = { pixelFormat: "uint8", pixelBytes, detectionRows: rows, detectionColumns: columns.length };
const { slotBytes } = slotLayout(geometry);
const memory = new SharedArrayBuffer(slotBytes * together);
const slots = Array.from({ length: together }, (_, slot) => new Frame(memory, 0, slot, geometry));
const descriptor = {
  pixelFormat: "uint8",
  shape: { height: side, width: side },
  bitDepth: 8,
  hasFrames: true,
  detections: { columns },
  isLinked: true,
  pixelSizeUm: 0.1,
  rateHz: 25,
  frameCount: null,
  isLive: false,
  source: {},
  calibration: null,
  producedBy: [],
};
const hdf5 = { filter: "bitshuffle-lz4", layout, split: null };
const open = await containerFor("archive", path).load();
const store = await open({ path, where: "archive", descriptor, geometry, settings: { hdf5 } });
function fill(frame, number) {
  frame.header.reset("uint8", side, side, side, 8);
  frame.header.frameNumber = number;
  frame.header.capturedAtNs = BigInt(number + 1);
  for (let at = 0; at < pixelBytes; at++) frame.pixels[at] = (at * 31 + number * 7919) % 251;
  for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
  frame.rowCount = rows;
}

for (let number = 0; number < frames; number += together) {
  slots.forEach((frame, slot) => {
    fill(frame, number + slot);
  });
  if (together === 1) await store.append(slots[0]);
  else if (!store.appendTogether(slots)) throw new Error(`frames from ${number} on were refused`);
  stored = number + together;
}
await store.close({ isComplete: true, lost: 0, stages: [] });
closeSync(log);
writeFileSync(join(folder, "writes.json"), JSON.stringify(writes));
