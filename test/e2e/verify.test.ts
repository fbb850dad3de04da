import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openShell } from "./shell.js";

const shell = openShell("verify");
const recording = resolve("fixtures/beads.mote");

beforeAll(() => {
  const whole = readFileSync(recording);
  writeFileSync(join(shell.folder, "cut.mote"), whole.subarray(0, whole.length - 3000));
  const flipped = Buffer.from(whole);
  flipped[whole.length >> 1]! ^= 4;
  writeFileSync(join(shell.folder, "flipped.mote"), flipped);
});

test("what was recovered of a cut recording is incomplete for good, and nobody is sent to recover it again", {
  timeout: 120_000,
}, async () => {
  for (const name of ["again.mote", "again.h5"]) {
    expect((await shell.run(`mote recover cut.mote --out ${name}`)).code).toBe(3);
    const { code, out } = await shell.run(`mote verify ${name}`);
    expect([code, out]).toEqual([3, expect.stringContaining("what was recorded here had been cut")]);
    expect(out).not.toContain("mote recover");
  }
});

test("the exit code of verify: 0 whole, 3 incomplete, 1 damaged, the worst of several, 2 refused", {
  timeout: 120_000,
}, async () => {
  const whole = await shell.run(`mote verify ${recording}`);
  expect(whole).toMatchObject({ code: 0, err: "" });
  expect(whole.out).toContain("beads.mote: whole");
  const cut = await shell.run("mote verify cut.mote");
  expect(cut.code).toBe(3);
  expect(cut.out).toMatch(/cut\.mote: INCOMPLETE: \d+ of \d+ frames intact/);
  expect(cut.out).toContain("To get back what is whole: mote recover cut.mote");
  const flipped = await shell.run("mote verify cut.mote flipped.mote");
  expect(flipped.code).toBe(1);
  expect(flipped.out).toMatch(/byte [\d,]+: frame \d+: its pixels do not match their checksum/);
  const missing = await shell.run("mote verify nothing.mote flipped.mote other.xyz");
  expect(missing.code).toBe(2);
  expect(missing.err).toContain("error: verify, nothing.mote: cannot be read (ENOENT: ");
  expect(missing.err).toContain("error: verify, other.xyz: cannot be read (ENOENT: ");
  expect(missing.out).toBe("");
});

test("verify speaks JSON", { timeout: 60_000 }, async () => {
  const { code, out } = await shell.run("mote verify flipped.mote --json");
  expect(code).toBe(1);
  const told = JSON.parse(out) as { verdict: string; files: { verdict: string; findings: { frame: number }[] }[] };
  expect(told.verdict).toBe("damaged");
  expect(told.files[0]!.findings).toHaveLength(1);
  expect(told.files[0]!.findings[0]!.frame).toBeGreaterThanOrEqual(0);
});

test("what nothing in a file tells is not checked, in words and in fields, and no fault", {
  timeout: 60_000,
}, async () => {
  writeFileSync(join(shell.folder, "bare.csv"), "frame,y,x\n0,1.5,2.5\n");
  const { code, out } = await shell.run("mote verify bare.csv");
  expect(code).toBe(0);
  expect(out).toContain("bare.csv: values and end not checked");
  expect(out).not.toContain("whole");
  const told = JSON.parse((await shell.run(`mote verify bare.csv ${recording} --json`)).out);
  expect(told.verdict).toBe("unchecked");
  expect(told.files.map(({ verdict }: { verdict: string }) => verdict)).toEqual(["unchecked", "whole"]);
  expect(told.files[0].unchecked.map(({ aspect }: { aspect: string }) => aspect)).toEqual(["values", "end"]);
  expect(told.files[0].reasons).toEqual([
    { code: "values-unchecked", count: 1 },
    { code: "end-unchecked", count: 1 },
  ]);
});

test("recover writes beside the file, exits 3 for what is missing, and writes over nothing", {
  timeout: 120_000,
}, async () => {
  const before = readFileSync(join(shell.folder, "cut.mote"));
  const modifiedAtMs = statSync(join(shell.folder, "cut.mote")).mtimeMs;
  const recovered = await shell.run("mote recover cut.mote");
  expect(recovered.code).toBe(3);
  expect(recovered.out).toMatch(/lost: frame(s [\d,]+ to)? [\d,]+: missing, the recording was cut/);
  expect(recovered.out).toContain("cut.mote is as it was");
  expect(readFileSync(join(shell.folder, "cut.mote")).equals(before)).toBe(true);
  expect(statSync(join(shell.folder, "cut.mote")).mtimeMs).toBe(modifiedAtMs);
  // All that the cut file held is in it; what followed nobody knows.
  const copy = await shell.run("mote verify cut.recovered.mote --json");
  expect(copy.code).toBe(3);
  expect(JSON.parse(copy.out).files[0].reasons).toEqual([{ code: "recording-cut", count: 1 }]);
  const again = await shell.run("mote recover cut.mote");
  expect(again).toMatchObject({ code: 2, out: "" });
  expect(again.err).toContain("error: recover, --out cut.recovered.mote: exists already");
  expect((await shell.run("mote recover cut.mote --out cut.mote")).code).toBe(2);
  const other = await shell.run("mote recover cut.mote --out whole.tif && mote verify whole.tif");
  expect(other.code).toBe(3);
  expect(existsSync(join(shell.folder, "whole.tif"))).toBe(true);
});

test("recover exits 0 when everything was there, and 1 when nothing was", { timeout: 60_000 }, async () => {
  expect((await shell.run(`mote recover ${recording} --out copy.mote`)).code).toBe(0);
  const nothing = await shell.run("head -c 40 cut.mote > tiny.mote; mote recover tiny.mote");
  expect(nothing.code).toBe(1);
  expect(nothing.err).toContain("error: recover, tiny.mote: holds no whole frame, nothing was written");
  expect(existsSync(join(shell.folder, "tiny.recovered.mote"))).toBe(false);
});

/** Runs a writer of test/core/storage, kills it, and returns how many frames it had said were stored. */
function killed(script: string, words: readonly string[], afterFrames: number): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [resolve("test/core/storage", script), ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.split("\n").length > afterFrames) child.kill("SIGKILL");
    });
    child.on("error", fail);
    child.on("close", () => done(Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1))));
  });
}

test("what kill -9 leaves is incomplete, and every frame that was stored comes back", {
  timeout: 180_000,
}, async () => {
  for (const [script, name, words] of [
    ["endless-archive.mjs", "killed.mote", ["7", "64"]],
    ["endless-archive.mjs", "killed.h5", ["7", "64"]],
    ["tiff-endless.mjs", "killed.tif", ["64", "deflate"]],
  ] as const) {
    const path = join(shell.folder, name);
    const stored = await killed(script, [path, ...words], 12);
    expect((await shell.run(`mote verify ${name}`)).code).toBe(3);
    const { out } = await shell.run(`mote recover ${name} --out from-${name}.mote --json`);
    const told = JSON.parse(out) as { frames: number; lostFrames: number };
    expect(told.frames).toBeGreaterThanOrEqual(stored);
    expect(told.lostFrames).toBe(0);
  }
});
