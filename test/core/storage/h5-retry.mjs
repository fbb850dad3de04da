// Archives frames, trying a frame that could not be stored again: for h5-crash.test.ts, on a faulty or a full disk. Arguments:
// path, layout, frames, split (frames a file, 0: one file), ballast (a file that is removed when the disk is full, or "").
// Prints how often an append failed, with which words.
import { rmSync, writeSync } from "node:fs";
import { containerFor } from "../../../dist/core/storage/container-for.js";
import { columns, trackedFrame } from "./tracked-frame.mjs";

const [path, layout, framesText, splitText, ballast] = process.argv.slice(2);
const [frames, split] = [framesText, splitText].map(Number);
const [side, rows] = [32, 7];
const { geometry, descriptor, frame } = trackedFrame(side, rows);
const hdf5 = { filter: "none", layout, split: split ? { frames: split } : null };
const open = await containerFor("archive", path).load();
const store = await open({ path, where: "archive", descriptor, geometry, settings: { hdf5 } });
const failures = [];
async function insist(act) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      failures.push(error.message);
      if (attempt > 20) throw error;
      if (ballast) rmSync(ballast, { force: true });
    }
  }
}
for (let number = 0; number < frames; number++) {
  frame.header.reset("uint8", side, side, side, 8);
  frame.header.frameNumber = number;
  for (let at = 0; at < side * side; at++) frame.pixels[at] = (at * 31 + number * 7919) % 251;
  for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
  frame.rowCount = rows;
  if (number === 3) store.event({ event: "gap", firstFrame: 1000, count: 2, reason: "device gap" });
  await insist(() => store.append(frame));
}
await store.close({ isComplete: true, lost: 0, stages: [] });
writeSync(1, JSON.stringify(failures));
