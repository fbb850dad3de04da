/** A small .mote recording that tests break: as it is, and what is got back of it. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { StreamEvent } from "../../../src/core/model/event.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { framesOf, recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor({ shape: { height: 3, width: 4 }, frameCount: 6 });

export async function record(path: string, count: number, events: readonly StreamEvent[] = []): Promise<void> {
  const geometry = fakeGeometry(descriptor);
  const frame = fakeFrame(geometry);
  const open = await containerFor("test", path).load();
  const store = await open({ path, where: "test", descriptor, geometry });
  for (let number = 0; number < count; number++) {
    fillFrame(frame, descriptor, number, 3);
    if (number === 3) store.event({ event: "note", text: "in the middle" });
    await store.append(frame);
  }
  for (const event of events) store.event(event);
  const stage = { stage: "track", in: count, out: count, dropped: {}, failed: 0, busyShare: 0, summary: {} };
  const rest = { latencyMs: { p50: 0, p99: 0 }, ageMs: { p50: 0, p99: 0 }, queueDepth: { now: 0, most: 0 } };
  await store.close({ ...end, stages: [{ ...stage, ...rest }] });
}

export interface WholeRecording {
  readonly whole: Buffer;
  readonly frames: readonly { number: number; pixels: number[] }[];
  /** Where each of its messages begins. */
  readonly starts: readonly number[];
}

/** whole.mote: six frames of 4x3 with three detections each. */
export async function recordWhole(folder: string): Promise<WholeRecording> {
  const path = join(folder, "whole.mote");
  await record(path, 6);
  const whole = readFileSync(path);
  const starts = [];
  for (let at = whole.indexOf("MTMS"); at >= 0; at = whole.indexOf("MTMS", at + 1)) starts.push(at);
  return { whole, frames: await framesOf(path), starts };
}

/** broken.mote in the folder, of these bytes. */
export function broken(folder: string, bytes: Uint8Array): string {
  const path = join(folder, "broken.mote");
  writeFileSync(path, bytes);
  return path;
}

/** Recovers to out.mote in the folder; undefined when nothing could be got back. */
export async function salvage(folder: string, path: string) {
  const out = join(folder, "out.mote");
  rmSync(out, { force: true });
  try {
    const recovery = await recovered(path, out);
    const copy = await verified(out);
    const codes = recovery.ending === "unfinished" ? ["recording-cut"] : [];
    expect([copy.verdict, copy.findings.map(({ code }) => code)]).toEqual([
      codes.length > 0 ? "incomplete" : "whole",
      codes,
    ]);
    return { recovery, frames: await framesOf(out) };
  } catch (error) {
    expect(String(error)).toContain("no whole frame");
    return undefined;
  }
}
