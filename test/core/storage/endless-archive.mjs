// Archives frames without end and says after each how many are stored: for faults.test.ts to kill or to run out of disk.
// Frame k is filled with (pixel * 31 + k * 7919) % 251. Arguments: path, rows of detections, side of the frame.
import { writeSync } from "node:fs";
import { containerFor } from "../../../dist/core/storage/container-for.js";
import { columns, trackedFrame } from "./tracked-frame.mjs";

const [path, rowsText, sideText] = process.argv.slice(2);
const rows = Number(rowsText);
const side = Number(sideText);
const { geometry, descriptor, frame } = trackedFrame(side, rows);
const open = await containerFor("archive", path).load();
const store = await open({
  path,
  where: `archive, --out ${path}`,
  descriptor,
  geometry,
});
writeSync(1, "0\n");
try {
  for (let number = 0; ; number++) {
    frame.header.reset("uint8", side, side, side, 8);
    frame.header.frameNumber = number;
    for (let at = 0; at < side * side; at++) frame.pixels[at] = (at * 31 + number * 7919) % 251;
    for (let at = 0; at < rows * columns.length; at++) frame.detections[at] = number + at / 1000;
    frame.rowCount = rows;
    store.append(frame);
    writeSync(1, `${number + 1}\n`);
  }
} catch (error) {
  writeSync(1, `${JSON.stringify({ message: error.message, exitCode: error.exitCode })}\n`);
  store.close(null);
}
