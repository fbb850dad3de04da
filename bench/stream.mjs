// The frame stream between two processes beside `dd bs=8M | cat`, in turns in the same minute. Verified first: the reader's
// checksum of every frame. Frames of 2048x2048 uint16, written from one slot, read into slots.
import { spawn } from "node:child_process";
import { crc32 } from "node:zlib";
import { Frame } from "../dist/core/memory/frame.js";
import { slotLayout } from "../dist/core/memory/slot-layout.js";
import { openByteSink, openByteSource } from "../dist/core/stream/byte-pipe.js";
import { createStreamReader, readDescriptor } from "../dist/core/stream/stream-reader.js";
import { createStreamWriter } from "../dist/core/stream/stream-writer.js";

const edge = Number(process.env.MOTE_BENCH_EDGE ?? 2048);
const frames = Number(process.env.MOTE_BENCH_FRAMES ?? 120);
const rounds = Number(process.env.MOTE_BENCH_ROUNDS ?? 7);
const frameBytes = edge * edge * 2;
const geometry = { pixelFormat: "uint16", pixelBytes: frameBytes, detectionRows: 0, detectionColumns: 9 };
const descriptor = {
  pixelFormat: "uint16",
  shape: { height: edge, width: edge },
  bitDepth: 16,
  hasFrames: true,
  detections: null,
  isLinked: false,
  pixelSizeUm: null,
  rateHz: null,
  frameCount: frames,
  isLive: false,
  source: {},
  calibration: null,
  producedBy: [],
};

function slots(count) {
  const { slotBytes } = slotLayout(geometry);
  const { buffer } = new WebAssembly.Memory({
    initial: Math.ceil((count * slotBytes) / 65536),
    maximum: 65536,
    shared: true,
  });
  return Array.from({ length: count }, (_, i) => new Frame(buffer, 0, i, geometry));
}

function fill(frame) {
  frame.header.reset("uint16", edge, edge, edge * 2, 16);
  for (let i = 0; i < frame.pixels.length; i++) frame.pixels[i] = (i * 2654435761) >>> 16;
}

function write() {
  const [frame] = slots(1);
  fill(frame);
  const writer = createStreamWriter(
    openByteSink("stdout", 1, () => false),
    descriptor,
    { hasChecksums: false, hasIndex: false },
  );
  for (let i = 0; i < frames; i++) {
    frame.header.frameNumber = i;
    writer.frame(frame);
  }
  writer.end({ isComplete: true, lost: 0, stages: [] });
}

function read(isVerified) {
  const ring = slots(Number(process.env.RING ?? 2));
  const source = openByteSource("stdin", 0, 0, false);
  const reader = createStreamReader(source, readDescriptor(source), {
    maxPayloadBytes: 2 ** 30,
    shouldStop: () => false,
    onEvent: () => {},
  });
  const expected = slots(1)[0];
  if (isVerified) fill(expected);
  const want = isVerified ? crc32(expected.pixels) : 0;
  let count = 0;
  while (reader.next(ring[count % ring.length]) === "frame") {
    if (isVerified && crc32(ring[count % ring.length].pixels) !== want)
      throw new Error(`frame ${count} arrived changed`);
    count++;
  }
  if (count !== frames || !reader.end) throw new Error(`${count} of ${frames} frames arrived`);
}

/** Milliseconds from start to end of a shell command. */
function time(command) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn("bash", ["-o", "pipefail", "-c", command], { stdio: ["ignore", "ignore", "inherit"] });
    child.on("exit", (code) =>
      code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`${command}: exit ${code}`)),
    );
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const part = process.argv[2];
if (part === "write") write();
else if (part === "read") read(false);
else if (part === "verify") read(true);
else {
  const self = `${process.execPath} ${new URL(import.meta.url).pathname}`;
  await time(`${self} write | ${self} verify`);
  // Starting two Node processes takes as long as tens of frames: time a long and a short stream and take the difference.
  const ours = [];
  const theirs = [];
  const bytes = (frames - 1) * frameBytes;
  for (let i = 0; i < rounds; i++) {
    const long = await time(`${self} write | ${self} read`);
    const short = await time(`export MOTE_BENCH_FRAMES=1; ${self} write | ${self} read`);
    ours.push(bytes / 1e6 / (long - short));
    const dd = await time(
      `dd if=/dev/zero bs=8M count=${Math.round(bytes / (8 * 1024 * 1024))} status=none | cat >/dev/null`,
    );
    theirs.push((Math.round(bytes / (8 * 1024 * 1024)) * 8 * 1024 * 1024) / 1e6 / dd);
  }
  const ratio = median(ours.map((rate, i) => rate / theirs[i]));
  console.log(
    `stream/pipe/uint16/${edge}x${edge}: ${median(ours).toFixed(2)} GB/s, dd bs=8M | cat ${median(theirs).toFixed(2)} GB/s, ratio ${ratio.toFixed(2)} (asked: 0.9)`,
  );
}
