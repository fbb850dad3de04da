/** No sink writes into a slot: other branches of a run read the same one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadStage, stageNames } from "../../../src/commands/index.js";
import { checksumOf } from "../../../src/core/memory/pixel-checksum.js";
import { decodeOptions, type RawOptions } from "../../../src/core/option/decode-options.js";
import type { FlowInstance, FrameMapper } from "../../../src/core/pipeline/stage.js";
import { containers } from "../../../src/core/storage/container-for.js";
import { end, fakeContext, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { world } from "../world.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-slots-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Everything each sink can write. */
const outputs: Readonly<Record<string, () => readonly RawOptions[]>> = {
  archive: () =>
    [...Object.keys(containers).map((extension) => `run${extension}`), "tiffs/"].map((name) => ({
      out: [join(folder, name)],
    })),
  compress: () => [{ out: join(folder, "jxl") }],
  "stream-out": () => [{ output: join(folder, "stream.mote") }],
};

const names = [...stageNames, "stream-in", "stream-out"];
const stages = await Promise.all(names.map((name) => loadStage(name)!));
const sinks = stages.filter(({ role }) => role === "sink");

test("the sinks are those that are tried here", () => {
  expect(sinks.map(({ name }) => name).sort()).toEqual(Object.keys(outputs).sort());
});

test.each(sinks.map((stage) => [stage.name, stage] as const))(
  "%s leaves every byte of a slot as it was, whatever it writes",
  async (name, stage) => {
    const descriptor = fakeDescriptor();
    for (const raw of outputs[name]!()) {
      const { options, problems } = decodeOptions(name, stage.options, raw, stage.positional);
      expect(problems).toEqual([]);
      const facts = await stage.look?.(options, name, world);
      const { plan, needs } = stage.negotiate(descriptor, options, facts, "own");
      const sink = (await stage.open(plan, fakeContext(descriptor))) as FlowInstance;
      const mapper = (await stage.openMapper?.(plan, fakeContext(descriptor))) as FrameMapper | undefined;
      const product = { room: new Uint8Array(needs?.productBytes ?? 0), length: 0 };
      const frame = fakeFrame(fakeGeometry(descriptor));
      for (const [number, rows] of [3, 0, 64].entries()) {
        fillFrame(frame, descriptor, number, rows);
        frame.pixelsCrc32 = -1;
        frame.pixelsCrc32 = checksumOf(frame);
        const before = frame.bytes.slice();
        product.length = 0;
        mapper?.map(frame, product);
        if (mapper) expect(product.length).toBeGreaterThan(0);
        expect(await sink.push(frame, product)).toBeUndefined();
        expect(Buffer.compare(frame.bytes, before), `${JSON.stringify(raw)}, frame ${number}`).toBe(0);
      }
      await sink.flush?.(end);
      await sink.close?.(false);
    }
  },
);
