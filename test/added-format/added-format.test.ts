/** docs/add-a-format.md, followed: a folder with one declaration, registered, is written, read, verified and drawn with. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import type { MoteError } from "../../src/core/errors.js";
import { decodeOptions, type RawOptions } from "../../src/core/option/decode-options.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../core/fake-context.js";

// Other files that share this process have a registry without the format.
vi.resetModules();
afterAll(() => vi.resetModules());
const { register } = await import("../../src/core/storage/formats/registry.js");
const { pgm } = await import("./pgm/format.js");
register(pgm);
// What asks the registry is loaded behind it.
const { archive } = await import("../../src/commands/archive.js");
const { openClaimedStore } = await import("../../src/core/storage/archive/claimed-store.js");
const { formatOf } = await import("../../src/core/storage/archive-formats.js");
const { findFiles } = await import("../../src/core/storage/read/find-files.js");
const { verifyFile } = await import("../../src/core/storage/verify/verify-file.js");
const { eachFrame } = await import("../core/storage/each-frame.js");

const folder = mkdtempSync(join(tmpdir(), "mote-added-"));
afterAll(() => rmSync(folder, { recursive: true }));
const descriptor = fakeDescriptor({ detections: null });
const geometry = fakeGeometry(descriptor);

function planOf(raw: RawOptions, input = descriptor): { settings: Record<string, object> } {
  const { options, problems } = decodeOptions("archive", archive.options, raw);
  expect(problems).toEqual([]);
  const facts = { date: "2026-11-20", folders: [], workers: 1, processors: 1, notes: [] };
  return archive.negotiate(input, options, facts, "own").plan as { settings: Record<string, object> };
}

function refusedWith(raw: RawOptions, input = descriptor): string[] {
  try {
    planOf(raw, input);
    return [];
  } catch (error) {
    return (error as MoteError).problems.map(({ where, what }) => `${where}: ${what}`);
  }
}

async function write(name: string, settings: Record<string, object>): Promise<string> {
  const path = join(folder, name);
  const store = await openClaimedStore({
    path,
    where: "archive",
    what: "archive",
    isForced: false,
    descriptor,
    geometry,
    settings,
  });
  const frame = fakeFrame(geometry);
  for (let number = 0; number < 3; number++) {
    fillFrame(frame, descriptor, number, 0);
    await store.append(frame);
  }
  await store.close(end);
  return path;
}

test("the options of an added format are archive's, with their settings and their rules", () => {
  expect(archive.options.pgmNumbers?.group).toBe("PGM:");
  expect(archive.options.to?.expected).toContain("pgm");
  expect(planOf({ out: ["a.pgm"], pgmNumbers: false }).settings).toEqual({ pgm: { hasNumbers: false } });
  expect(refusedWith({ out: ["a.mote"], pgmNumbers: false })).toEqual(["archive, --pgm-numbers: no --out is a .pgm"]);
  expect(refusedWith({ out: ["a.pgn"] })[0]).toContain(".pgm");
  const floats = fakeDescriptor({ detections: null, pixelFormat: "float32", bitDepth: 32 });
  expect(refusedWith({ out: ["a.pgm"] }, floats)).toEqual([
    "archive, --out: holds whole numbers, and these frames are float32",
  ]);
});

test("what is written as an added format is found, read and verified as it", async () => {
  const path = await write("run.pgm", planOf({ out: ["run.pgm"] }).settings as Record<string, object>);
  expect(readFileSync(path, "latin1").startsWith("P5\n# 0\n64 48\n65535\n")).toBe(true);
  expect(findFiles("acquire", [folder])).toContain(path);
  const frame = fakeFrame(geometry);
  let frames = 0;
  for await (const { pixels } of eachFrame(path)) {
    fillFrame(frame, descriptor, frames++, 0);
    expect([...pixels]).toEqual([...frame.pixels]);
  }
  expect(frames).toBe(3);
  expect(formatOf("verify", path).name).toBe("PGM");
  const report = await verifyFile(path, formatOf("verify", path), { sample: null });
  expect([report.verdict, report.frames]).toEqual(["unchecked", 3]);
});

test("an added format is known by its content, and its verifier finds a cut and damage", async () => {
  const path = await write("cut.pgm", {});
  const bytes = readFileSync(path);
  const renamed = join(folder, "renamed.bin");
  writeFileSync(renamed, bytes);
  expect(formatOf("verify", renamed).name).toBe("PGM");
  truncateSync(path, bytes.length - 1);
  const cut = await verifyFile(path, pgm, { sample: null });
  expect([cut.verdict, cut.frames]).toEqual(["incomplete", 2]);
  bytes[bytes.indexOf("P5", 100)] = 0;
  writeFileSync(renamed, bytes);
  expect((await verifyFile(renamed, pgm, { sample: null })).verdict).toBe("damaged");
});

test("the page that says how to add a format shows the declaration and the options of this one", () => {
  const page = readFileSync("docs/add-a-format.md", "utf8");
  const shown = (name: string) =>
    readFileSync(join("test/added-format/pgm", name), "utf8").replaceAll(/^import[^;]*;\n+/gm, "");
  for (const name of ["format.ts", "pgm-options.ts"]) expect(page, name).toContain(shown(name));
  expect(page.split("\n").length).toBeLessThan(90);
});
