/** Slots over a shared memory and a stage context without a runner, for tests of storage and archive. */
import { Frame } from "../../src/core/memory/frame.js";
import { type SlotGeometry, slotLayout } from "../../src/core/memory/slot-layout.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { column, detectionColumns } from "../../src/core/model/detection.js";
import { bytesPerPixel, type PixelFormat } from "../../src/core/model/pixel-format.js";
import type { EndOfStream } from "../../src/core/model/run-report.js";
import type { StageContext } from "../../src/core/pipeline/stage.js";
import { epochNs, fromMemory } from "../../src/core/time.js";
import { seeded } from "../seed.js";

export function fakeDescriptor(given: Partial<StreamDescriptor> = {}): StreamDescriptor {
  return {
    pixelFormat: "uint16",
    shape: { height: 48, width: 64 },
    bitDepth: 16,
    hasFrames: true,
    detections: { columns: detectionColumns },
    isLinked: true,
    pixelSizeUm: 0.35,
    rateHz: 24,
    frameCount: null,
    isLive: false,
    source: { camera: "sim" },
    calibration: null,
    producedBy: [
      { stage: "acquire", version: "0.1.0", options: { camera: "sim" } },
      { stage: "track", version: "0.1.0", options: { diameter: 11, searchRange: 5 } },
    ],
    ...given,
  };
}

export function fakeGeometry(descriptor: StreamDescriptor, detectionRows = 64): SlotGeometry {
  const { height, width } = descriptor.shape;
  return {
    pixelFormat: descriptor.pixelFormat,
    pixelBytes: height * width * bytesPerPixel[descriptor.pixelFormat as PixelFormat],
    detectionRows,
    detectionColumns: detectionColumns.length,
  };
}

/** One slot, to be filled again and again, as a pool's slots are. */
export function fakeFrame(geometry: SlotGeometry): Frame {
  const pages = Math.ceil((slotLayout(geometry).slotBytes + 64) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return new Frame(memory.buffer, 64, 0, geometry);
}

/** Fills header, pixels and `rows` detections of frame `number`; the same number gives the same frame. */
export function fillFrame(frame: Frame, descriptor: StreamDescriptor, number: number, rows: number): void {
  const random = seeded(number + 1);
  const { height, width } = descriptor.shape;
  const { header, pixels, detections } = frame;
  header.reset(
    descriptor.pixelFormat,
    height,
    width,
    width * bytesPerPixel[descriptor.pixelFormat],
    descriptor.bitDepth,
  );
  header.frameNumber = number;
  header.deviceFrameNumber = number + 1000;
  header.capturedAtNs = 1_763_720_400_000_000_000n + BigInt(number) * 41_666_667n;
  header.receivedAtNs = header.capturedAtNs + 5_000_123n;
  header.exposureMs = 12.5;
  for (let at = 0; at < height * width; at++) pixels[at] = (at * 31 + number * 7919) % 251;
  for (let row = 0; row < rows; row++) {
    detections[column.x * rows + row] = random() * (width - 1);
    detections[column.y * rows + row] = random() * (height - 1);
    detections[column.mass * rows + row] = random() * 10_000;
    detections[column.ecc * rows + row] = random();
    detections[column.size * rows + row] = 2 + random();
    detections[column.signal * rows + row] = Math.floor(random() * 4096);
    detections[column.raw_mass * rows + row] = Math.floor(random() * 1e6);
    detections[column.ep * rows + row] = row % 5 === 4 ? Number.NaN : random() * 0.1;
    detections[column.particle_id * rows + row] = row % 7 === 6 ? -1 : row;
  }
  frame.rowCount = rows;
}

export function fakeContext(descriptor: StreamDescriptor, geometry = fakeGeometry(descriptor)): StageContext {
  let nowMs = 0;
  return {
    connection: undefined,
    memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    scratchOffset: 0,
    team: null,
    input: descriptor,
    output: descriptor,
    geometry,
    // Every look at the clock is a second later, so that whatever is done now and then is done each time.
    clock: {
      nowNs: () => epochNs(0n),
      now: () => {
        nowMs += 1000;
        return fromMemory(nowMs);
      },
      sleepMs() {},
    },
    isDraining: () => false,
    isStopped: () => false,
    isAborted: () => false,
    isNextWaiting: () => false,
    emit() {},
    moved() {},
    countLost() {},
    warn() {},
    pass() {},
    stopQuietly() {},
    say() {},
    stored() {},
    foreseeFullDisk() {},
    endRun: () => "run",
  };
}

export const end: EndOfStream = { isComplete: true, lost: 0, stages: [] };
