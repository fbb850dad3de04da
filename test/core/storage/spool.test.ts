import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import type { StreamEvent } from "../../../src/core/model/event.js";
import { Spool } from "../../../src/core/storage/spool/spool.js";
import { spoolFolderProblem } from "../../../src/core/storage/spool/spool-folder.js";
import { openByteSource } from "../../../src/core/stream/byte-pipe.js";
import { describeStream } from "../../../src/core/stream/describe-stream.js";
import { lastWordOf } from "../../killed-writer.js";
import { randomOfRun, seeded } from "../../seed.js";
import { fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-spool-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(given: { descriptor?: StreamDescriptor; limitBytes?: number; label?: string } = {}) {
  const descriptor = given.descriptor ?? fakeDescriptor();
  const geometry = fakeGeometry(descriptor);
  const spool = new Spool({
    label: given.label ?? "acquire",
    descriptor,
    folder,
    limitBytes: given.limitBytes ?? 1e9,
  });
  const written = fakeFrame(geometry);
  const back = fakeFrame(geometry);
  return {
    spool,
    back,
    write(number: number, rows = -1): boolean {
      fillFrame(written, descriptor, number, Math.max(0, rows));
      written.rowCount = rows;
      return spool.write(written);
    },
    read: () => spool.read(back),
    /** What `read` brought, compared field by field with a frame made anew. */
    expectFrame(number: number, rows = -1): void {
      const expected = fakeFrame(geometry);
      fillFrame(expected, descriptor, number, Math.max(0, rows));
      expected.rowCount = rows;
      expect(contentOf(back, descriptor)).toEqual(contentOf(expected, descriptor));
    },
  };
}

function contentOf(frame: Frame, descriptor: StreamDescriptor) {
  const { header } = frame;
  return {
    number: header.frameNumber,
    device: header.deviceFrameNumber,
    captured: header.capturedAtNs,
    pixels: descriptor.hasFrames
      ? [header.receivedAtNs, header.exposureMs, Buffer.from(frame.pixels as Uint16Array).toString("hex")]
      : null,
    rows: frame.rowCount,
    detections: [...frame.detections.subarray(0, Math.max(0, frame.rowCount) * 9)],
  };
}

function note(number: number): StreamEvent {
  return { event: "note", text: `before ${number}` };
}

for (const [what, given] of [
  ["frames", { detections: null }],
  ["frames and their detections", {}],
  ["detections alone", { hasFrames: false }],
] as const) {
  test(`${what} come back as they went, in order, events between them, whenever they are asked for`, () => {
    const descriptor = fakeDescriptor(given as Partial<StreamDescriptor>);
    const { spool, write, read, expectFrame } = open({ descriptor, limitBytes: 400_000 });
    const random = seeded(7);
    const rowsOf = (number: number) => (descriptor.detections ? number % 60 : -1);
    const model: (number | StreamEvent)[] = [];
    let next = 0;
    for (let i = 0; i < 600; i++) {
      if (random() < 0.1 && spool.writeEvent(note(next))) model.push(note(next));
      else if (random() < 0.5) {
        if (write(next, rowsOf(next))) model.push(next);
        next++;
      } else if (!spool.isEmpty) {
        const { events, hasFrame } = read();
        for (const event of events) expect(event).toEqual(model.shift());
        if (hasFrame) {
          const number = model.shift() as number;
          expectFrame(number, rowsOf(number));
        }
      }
      expect(spool.frames).toBe(model.filter((entry) => typeof entry === "number").length);
      expect(spool.isEmpty).toBe(model.length === 0);
    }
    expect(next).toBeGreaterThan(200);
    while (!spool.isEmpty) read();
    expect(readdirSync(folder)).toEqual([]);
  });
}

test("there is no file before the first frame and none behind the last, and another process' is not touched", () => {
  const name = `mote-spool-${process.pid}-a_b.mote`;
  writeFileSync(join(folder, name), "precious");
  const { spool, write, read } = open({ label: "a/b" });
  expect(readdirSync(folder)).toEqual([name]);
  write(1, 0);
  expect(readdirSync(folder)).toEqual([`mote-spool-${process.pid}-a_b-2.mote`, name].sort());
  expect(statSync(join(folder, `mote-spool-${process.pid}-a_b-2.mote`)).mode & 0o777).toBe(0o600);
  read();
  expect(spool.close()).toEqual([]);
  expect(readdirSync(folder)).toEqual([name]);
  expect(readFileSync(join(folder, name), "utf8")).toBe("precious");
});

test("the limit holds for what is on the disk, and what was read gives its room back before all of it was", () => {
  const limitBytes = 100_000;
  const { spool, write, read, expectFrame } = open({ descriptor: fakeDescriptor({ detections: null }), limitBytes });
  const onDisk = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  let next = 0;
  while (write(next)) next++;
  expect(next).toBeGreaterThan(8);
  expect(spool.refusal).toBe("--spill-limit 100 kB is reached");
  for (let oldest = 0; oldest < 100; oldest++) {
    read();
    expectFrame(oldest);
    while (write(next)) next++;
    expect(onDisk()).toBeLessThanOrEqual(limitBytes);
    expect(spool.isEmpty).toBe(false);
  }
  expect(spool.mostBytes).toBeLessThanOrEqual(limitBytes);
});

test("a damaged file costs its frames from the damage on, counted; the files behind it are read", () => {
  const descriptor = fakeDescriptor({ detections: null });
  const { spool, write, read, expectFrame } = open({ descriptor, limitBytes: 8 * 26_000 });
  for (let number = 0; number < 15; number++) expect(write(number)).toBe(true);
  const names = readdirSync(folder).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  expect(names.length).toBeGreaterThan(2);
  const first = join(folder, names[0]!);
  const perFile = 15 / names.length;
  const bytes = readFileSync(first);
  bytes[bytes.length - 100] = bytes[bytes.length - 100]! ^ 4;
  writeFileSync(first, bytes);
  for (let number = 0; number < perFile - 1; number++) {
    read();
    expectFrame(number);
  }
  const { lost, hasFrame } = read();
  expect(hasFrame).toBe(false);
  expect(lost).toMatchObject({ firstFrame: perFile - 1, count: 1 });
  expect(lost!.why).toContain("does not match its checksum");
  read();
  expectFrame(perFile);
  expect(spool.discard()).toBe(15 - perFile - 1);
  expect(spool.close()).toEqual([first]);
  expect(existsSync(first)).toBe(true);
});

test("a file that somebody made shorter is damaged too, and ends nothing but itself", () => {
  const { write, read, spool } = open({ descriptor: fakeDescriptor({ detections: null }) });
  write(0);
  write(1);
  const [name] = readdirSync(folder);
  writeFileSync(join(folder, name!), readFileSync(join(folder, name!)).subarray(0, 3000));
  expect(read().lost).toMatchObject({ firstFrame: 0, count: 2 });
  expect(spool.isEmpty).toBe(true);
});

test("after kill -9, six moments, its files hold every frame that was written and not read, right to the cut", {
  timeout: 60_000,
}, async () => {
  const script = join(import.meta.dirname, "endless-spool.mjs");
  const random = randomOfRun("kills of a spool");
  for (let round = 0; round < 6; round++) {
    const place = join(folder, String(round));
    mkdirSync(place);
    const said = await lastWordOf([script, place, "8000000"], { withinMs: 150, random });
    const [written, read] = said.split(" ").map(Number);
    const numbers: number[] = [];
    const names = readdirSync(place).sort((a, b) => orderOf(a) - orderOf(b));
    for (const [i, name] of names.entries()) {
      const path = join(place, name);
      const source = openByteSource(path, openSync(path, "r"), 0, true);
      try {
        const { fault } = describeStream(source, (frame) => {
          const number = frame.header.frameNumber;
          numbers.push(number);
          return frame.pixels.every((value) => value === (number & 0xffff));
        });
        expect(fault).toMatch(/^cut (after frame|before its first frame)/);
      } catch (error) {
        // The file that was being made has nothing in it yet.
        expect(i).toBe(names.length - 1);
        expect(String(error)).toMatch(/got nothing|before its descriptor|inside/);
      }
      source.close();
    }
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
    // One frame may have been read, and its file deleted, without a word yet.
    expect(numbers[0]).toBeLessThanOrEqual(read! + 2);
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(written!);
  }
});

/** "mote-spool-4711-endless-12.mote" is the twelfth file. */
function orderOf(name: string): number {
  return Number(/-(\d+)\.mote$/.exec(name)?.[1] ?? 1);
}

test("a folder that cannot hold a spool is told by its fault", () => {
  expect(spoolFolderProblem("x", folder)).toBeUndefined();
  expect(spoolFolderProblem("x", join(folder, "nowhere"))).toMatchObject({ what: "there is no such folder" });
  writeFileSync(join(folder, "file"), "");
  expect(spoolFolderProblem("x", join(folder, "file"))).toMatchObject({ what: "it is not a folder" });
});
