/** What inspect prints fits a terminal of 80 columns, texts in a column of their own. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StreamEvent } from "../../../src/core/model/event.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { inspectFile, kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import { inspectText } from "../../../src/core/storage/inspect/lines.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { quickFolder } from "./verify-recover.js";

const fixtures = join(import.meta.dirname, "../../../fixtures");

async function linesOf(name: string): Promise<readonly string[]> {
  const path = join(fixtures, name);
  const text = inspectText(path, await inspectFile(path, await kindOf(path)), { state: "ended", why: null });
  return text.split("\n").slice(1);
}

test("the settings of a stage take as many lines of 80 columns as they need, below each other", async () => {
  const lines = await linesOf("tracked.mote");
  const begin = lines.findIndex((line) => line.startsWith("              track: "));
  expect(begin).toBeGreaterThan(0);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines[begin]).toMatch(/,$/);
  expect(lines[begin + 1]).toMatch(/^ {14}\w+ \S/);
  // No setting is lost or torn where a line ends.
  expect(lines.slice(begin).join(" ").replaceAll(/\s+/g, " ")).toMatch(/minmass \d+, refine centroid/);
});

test("a label that is too long for its column is not stuck to its text", async () => {
  for (const line of await linesOf("images/imagej.tif")) expect(line).toMatch(/^ {2}(\S.{0,10} +|\S+ {2}| {12})\S/);
});

/** What inspect says of a recording of one frame and these events. */
async function textOf(events: readonly StreamEvent[]): Promise<string> {
  const folder = quickFolder("mote-inspect-text-");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "events.mote");
  const descriptor = fakeDescriptor({ detections: null });
  const geometry = fakeGeometry(descriptor, 0);
  const store = await (await containerFor("test", path).load())({ path, where: "test", descriptor, geometry });
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 0, 0);
  await store.append(frame);
  for (const event of events) store.event(event);
  await store.close(end);
  return inspectText(path, await inspectFile(path, await kindOf(path)), { state: "ended", why: null });
}

test("an event of a later Mote is told by its name, whatever else it has", async () => {
  const later = { event: "shutter", stage: {}, reason: { open: true }, count: [] } as unknown as StreamEvent;
  expect(await textOf([later])).toMatch(/^ {2}events +shutter$/m);
});

test("of many events the first are told, and how many more there are", async () => {
  const notes = Array.from({ length: 1200 }, (_, i) => ({ event: "note", text: `note ${i}` }) as const);
  expect(await textOf([{ event: "source", file: "a.tif", metadata: {} }, ...notes])).toMatch(
    /^ {2}events +read from a\.tif\n(?: {14}note \d\n){5} {14}and 1,195 more$/m,
  );
});
