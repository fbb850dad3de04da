/** Runs a source stage alone: options through the one decoder, negotiation, and frames into slots of a shared memory. */
import { MoteError } from "../../src/core/errors.js";
import { Frame } from "../../src/core/memory/frame.js";
import { slotLayout } from "../../src/core/memory/slot-layout.js";
import { frameBytes, type StreamDescriptor } from "../../src/core/model/descriptor.js";
import type { StreamEvent } from "../../src/core/model/event.js";
import type { JsonObject } from "../../src/core/model/json.js";
import type { PixelArray } from "../../src/core/model/pixel-format.js";
import { decodeOptions, type RawOptions } from "../../src/core/option/decode-options.js";
import type { SourceInstance, StageContext, StageDeclaration } from "../../src/core/pipeline/stage.js";
import { epochNs, fromMemory } from "../../src/core/time.js";
import { world } from "./world.js";
export interface TakenFrame {
  readonly frameNumber: number;
  readonly deviceFrameNumber: number;
  readonly capturedAtNs: bigint;
  readonly receivedAtNs: bigint;
  readonly roi: { readonly x: number; readonly y: number };
  readonly bitDepth: number;
  readonly channelIndex: number;
  readonly zIndex: number;
  readonly rowCount: number;
  /** A copy. */
  readonly pixels: PixelArray;
}

export interface SourceRun {
  readonly output: StreamDescriptor;
  readonly frames: readonly TakenFrame[];
  /** Events and frame numbers in the order in which they left the source. */
  readonly order: readonly (StreamEvent | number)[];
  readonly summary: JsonObject | undefined;
  /** What the source says of what it read. */
  readonly isComplete: boolean;
  /** Frames it counted as lost without an event. */
  readonly lost: number;
  readonly warnings: readonly string[];
  /** How long the fake clock slept in all. */
  readonly sleptMs: number;
}

const scratchAt = 65536;

export interface RunSettings {
  /** Stop after this many frames, as a first interrupt would. */
  readonly drainAfter?: number;
  /** Called for each frame in place of keeping a copy. */
  readonly visit?: (frame: Frame) => void;
}

/** Refusals are thrown as they would be reported: a MoteError. The clock is fake; sleeping moves it on. */
export async function runSource(
  stage: StageDeclaration,
  raw: RawOptions,
  settings: RunSettings = {},
): Promise<SourceRun> {
  const { options, problems, broken } = decodeOptions(stage.name, stage.options, raw);
  if (problems.length + broken.length > 0) throw new MoteError([...problems, ...broken], { exitCode: 2 });
  const facts = await stage.look?.(options, stage.name, world);
  const { output, plan, needs } = stage.negotiate(null, options, facts, "own");
  const found = (await stage.check?.(plan, output)) ?? [];
  if (found.length > 0) throw new MoteError(found, { exitCode: 2 });
  const geometry = {
    pixelFormat: output.pixelFormat,
    pixelBytes: frameBytes(output),
    detectionRows: 0,
    detectionColumns: 0,
  };
  const scratchBytes = Math.ceil((needs?.scratchBytes ?? 0) / 64) * 64;
  const bytes = scratchAt + scratchBytes + 2 * slotLayout(geometry).slotBytes;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536), maximum: 65536, shared: true });
  // Slot 1 follows slot 0 and stays untouched: what is written beyond a slot is seen.
  const slots = [0, 1].map((slot) => new Frame(memory.buffer, scratchAt + scratchBytes, slot, geometry));
  slots[1]!.bytes.fill(0xa5);
  const order: (StreamEvent | number)[] = [];
  const frames: TakenFrame[] = [];
  const warnings: string[] = [];
  let lost = 0;
  let nowMs = 1000;
  let taken = 0;
  const context: StageContext = {
    connection: undefined,
    memory,
    scratchOffset: scratchAt,
    team: null,
    input: output,
    output,
    geometry,
    clock: {
      nowNs: () => epochNs(BigInt(Math.round(nowMs * 1e6)) + 1_800_000_000_000_000_000n),
      now: () => fromMemory(nowMs),
      sleepMs: (ms) => {
        nowMs += ms;
      },
    },
    isDraining: () => taken >= (settings.drainAfter ?? Number.POSITIVE_INFINITY),
    isStopped: () => false,
    isAborted: () => false,
    isNextWaiting: () => false,
    moved() {},
    emit: (event) => void order.push(event),
    countLost(count, reason) {
      lost += count;
      order.push({ event: "note", text: `${count} frames: ${reason}` });
    },
    warn: (text) => void warnings.push(text),
    pass: () => {},
    stopQuietly: () => {},
    say: () => {},
    stored() {},
    foreseeFullDisk: () => {},
    endRun: () => "run",
  };
  const source = (await stage.open(plan, context)) as SourceInstance;
  const frame = slots[0]!;
  let failed = true;
  try {
    while ((await source.next(frame)) === "frame") {
      taken++;
      order.push(frame.header.frameNumber);
      if (settings.visit) settings.visit(frame);
      else frames.push(copyOf(frame));
    }
    failed = false;
  } finally {
    await source.close?.(failed);
  }
  const isComplete = source.isComplete?.() ?? true;
  if (slots[1]!.bytes.some((byte) => byte !== 0xa5)) throw new Error("the source wrote beyond its slot");
  return { output, frames, order, summary: source.summary?.(), sleptMs: nowMs - 1000, isComplete, lost, warnings };
}

function copyOf(frame: Frame): TakenFrame {
  const { header } = frame;
  return {
    frameNumber: header.frameNumber,
    deviceFrameNumber: header.deviceFrameNumber,
    capturedAtNs: header.capturedAtNs,
    receivedAtNs: header.receivedAtNs,
    roi: { x: header.roiX, y: header.roiY },
    bitDepth: header.bitDepth,
    channelIndex: header.channelIndex,
    zIndex: header.zIndex,
    rowCount: frame.rowCount,
    pixels: frame.pixels.slice(),
  };
}

/** The error that `run` ends with; fails when it does not. */
export async function refusalOf(run: Promise<unknown>): Promise<MoteError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  }
  throw new Error("expected a MoteError, but it went through");
}
