/**
 * A camera that looks at Brownian beads: seeded, so that the same settings give the same frames to the byte whatever the
 * pacing, with the faults it is told to have.
 */
import type { Frame } from "../../memory/frame.js";
import type { StreamEvent } from "../../model/event.js";
import type { JsonObject } from "../../model/json.js";
import { bytesPerPixel } from "../../model/pixel-format.js";
import { DeviceSequence } from "../device-sequence.js";
import { hasFault } from "../faults.js";
import type { CameraContext, FrameSource } from "../frame-source.js";
import { Pacer } from "../pacing.js";
import { BeadField } from "./bead-field.js";
import type { RenderKernels } from "./render-kernel.js";
import { Renderer } from "./renderer.js";
import { type SimSettings, simPixelFormat, unpacedRateHz } from "./settings.js";
import { TruthFile } from "./truth-file.js";

export interface SimPlan {
  readonly settings: SimSettings;
  /** Frames the camera exposes, lost ones included; null: until interrupted. */
  readonly frames: number | null;
  /** Paced by the real clock at this rate; null: as fast as frames are taken. */
  readonly paceHz: number | null;
  readonly truth: string | null;
}

/** Simulated time begins here when nothing paces the camera. */
const simulatedStartNs = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;

export function openSimCamera(plan: SimPlan, context: CameraContext, kernels: RenderKernels): FrameSource {
  const { settings } = plan;
  const beads = new BeadField(settings);
  const renderer = new Renderer(settings, context.memory, context.scratchOffset, kernels);
  const truth = plan.truth === null ? undefined : new TruthFile(plan.truth, settings.shape);
  const pacer = plan.paceHz === null ? undefined : new Pacer(plan.paceHz, context.clock, () => context.isDraining());
  const sequence = new DeviceSequence(0);
  const pending: StreamEvent[] = [];
  const counts = { exposed: 0, delivered: 0, lost: 0, duplicates: 0 };

  /** What the device's counter told after the frame that was delivered last. */
  function emitPending(): void {
    for (const event of pending.splice(0)) context.emit(event);
  }

  function reportLoss(firstFrame: number, count: number): void {
    counts.lost += count;
    context.emit({ event: "gap", firstFrame, count, reason: "device gap" });
  }

  function end(outcome: "end" | "stopped"): "end" | "stopped" {
    emitPending();
    // No frame follows that would show it, but a simulated camera knows what it dropped last.
    const lost = counts.exposed - sequence.expected;
    if (lost > 0) {
      sequence.arrive(counts.exposed - 1);
      reportLoss(counts.exposed - lost, lost);
    }
    return outcome;
  }

  function fillHeader(frame: Frame, device: number, frameNumber: number): void {
    const { header } = frame;
    const { shape } = settings;
    const format = simPixelFormat(settings);
    header.reset(format, shape.height, shape.width, shape.width * bytesPerPixel[format], settings.bitDepth);
    header.frameNumber = frameNumber;
    header.deviceFrameNumber = device;
    header.capturedAtNs = pacer
      ? context.clock.nowNs()
      : simulatedStartNs + BigInt(Math.round((device * 1e9) / unpacedRateHz));
    header.receivedAtNs = header.capturedAtNs;
  }

  return {
    next(frame) {
      for (;;) {
        const device = counts.exposed;
        if (plan.frames !== null && device >= plan.frames) return end("end");
        if (context.isDraining() || (pacer && !pacer.waitFor(device))) return end("stopped");
        emitPending();
        if (device > 0) beads.step();
        truth?.add(device, beads);
        counts.exposed++;
        if (hasFault(settings.faults, "drop", device)) continue;
        const arrival = sequence.arrive(device);
        if (arrival.isDuplicate) continue;
        if (arrival.lostBefore > 0) reportLoss(device - arrival.lostBefore, arrival.lostBefore);
        renderer.render(device, beads, frame.pixelsOffset);
        fillHeader(frame, device, arrival.frameNumber);
        frame.rowCount = -1;
        counts.delivered++;
        if (hasFault(settings.faults, "duplicate", device) && sequence.arrive(device).isDuplicate) {
          counts.duplicates++;
          pending.push({ event: "duplicate", firstFrame: device, count: 1, reason: "device sent the frame twice" });
        }
        return "frame";
      }
    },
    summary(): JsonObject {
      return { ...counts, ...(plan.truth === null ? {} : { truth: plan.truth }) };
    },
    close(failed) {
      truth?.close(failed);
    },
  };
}
