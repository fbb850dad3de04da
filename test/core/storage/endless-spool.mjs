/**
 * Spools frames until it is killed, reading one back for every two it writes. Arguments: folder, limit in bytes. Prints, after
 * each, the numbers of the last frame written and of the last read. Plain JavaScript over the build, so that it is one
 * process to kill.
 */
import { writeSync } from "node:fs";
import { Frame } from "../../../dist/core/memory/frame.js";
import { slotLayout } from "../../../dist/core/memory/slot-layout.js";
import { Spool } from "../../../dist/core/storage/spool/spool.js";

const [folder, limit] = process.argv.slice(2);
const shape = { height: 96, width: 96 };
const geometry = { pixelFormat: "uint16", pixelBytes: 96 * 96 * 2, detectionRows: 0, detectionColumns: 9 };
const descriptor = {
  pixelFormat: "uint16",
  shape,
  bitDepth: 16,
  hasFrames: true,
  detections: null,
  isLinked: false,
  pixelSizeUm: null,
  rateHz: null,
  frameCount: null,
  isLive: true,
  source: {},
  calibration: null,
  producedBy: [],
};
const newFrame = () => new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
const frame = newFrame();
const back = newFrame();
const spool = new Spool({ label: "endless", descriptor, folder, limitBytes: Number(limit) });
let written = -1;
let read = -1;
for (let number = 0; ; number++) {
  frame.header.reset("uint16", shape.height, shape.width, shape.width * 2, 16);
  frame.header.frameNumber = number;
  frame.pixels.fill(number & 0xffff);
  frame.rowCount = -1;
  if (number % 5 === 0) spool.writeEvent({ event: "note", text: `before ${number}` });
  while (!spool.write(frame)) readOne();
  written = number;
  say();
  if (number % 2 === 1) readOne();
}

function readOne() {
  spool.read(back);
  read = back.header.frameNumber;
  say();
}

function say() {
  writeSync(1, `${written} ${read}\n`);
}
