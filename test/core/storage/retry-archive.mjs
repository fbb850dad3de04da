// Archives eight frames, tries every append again until it succeeds, and says how many tries failed: for a test whose
// disk fails now and then. Frame k has x = k + row / 1000. Arguments: path, rows a frame.
import { writeSync } from "node:fs";
import { containerFor } from "../../../dist/core/storage/container-for.js";
import { columns, trackedFrame } from "./tracked-frame.mjs";

const [path, rowsText] = process.argv.slice(2);
const rows = Number(rowsText);
const { geometry, descriptor, frame } = trackedFrame(16, rows);
const open = await containerFor("archive", path).load();
const store = await open({ path, where: `archive, --out ${path}`, descriptor, geometry });
let failures = 0;
for (let number = 0; number < 8; number++) {
  frame.header.reset("uint8", 16, 16, 16, 8);
  frame.header.frameNumber = number;
  for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
  frame.rowCount = rows;
  for (;;) {
    try {
      await store.append(frame);
      break;
    } catch {
      failures++;
    }
  }
}
await store.close({ isComplete: true, lost: 0, stages: [] });
writeSync(1, JSON.stringify({ failures, frames: store.frames, rows: store.rows }));
