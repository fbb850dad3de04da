/** A camera faster than what follows, in processes of their own: what comes through, and what a killed one leaves. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { type FaultRule, faultsIn, faultyEnvironment } from "../faulty-files.js";
import { python, testWithPython } from "../judges.js";
import { randomOfRun } from "../seed.js";
import { environment, openShell, root } from "./shell.js";
import { toldReport } from "./told-report.js";

/** As many frames as wait in memory, half of them for the disk: none is lost, however slow the disk of the test is. */
const burst = "acquire --camera sim --size 128x128 --beads 4 --fps 500 --frames 1000 --spill-dir sp";
/** Two seconds of this rate wait in memory; it overflows soon. */
const live = "acquire --camera sim --size 128x128 --beads 4 --fps 400 --spill-dir sp";

/** Lets 8 MB a second through at most, whatever the signal. */
const throttle = `
import { readSync, writeSync } from "node:fs";
process.on("SIGINT", () => {});
const bytes = Buffer.alloc(65536);
for (;;) {
  const got = readSync(0, bytes, 0, bytes.length, null);
  if (got === 0) break;
  for (let at = 0; at < got; ) at += writeSync(1, bytes, at, got - at);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8);
}
`;

function prepare(name: string) {
  const shell = openShell(name);
  mkdirSync(join(shell.folder, "sp"));
  writeFileSync(join(shell.folder, "throttle.mjs"), throttle);
  return shell;
}

function reportIn(folder: string, name: string) {
  return toldReport(readFileSync(join(folder, name), "utf8"))!;
}

/** A shell's wait until so many bytes of frames wait on the disk. */
function untilSpilled(bytes: number): string {
  return `wait-for "${bytes} bytes in the spool" "[ \\$(cat sp/*.mote | wc -c) -ge ${bytes} ]"`;
}

test("a camera that is faster than the pipe behind it loses nothing, and says what it spilled", async () => {
  const shell = prepare("spill");
  const { code, err } = await shell.run(`mote ${burst} | node throttle.mjs | mote archive --out a.mote`);
  expect(err).toMatch(
    /archive: 1,000 frames in .*, nothing lost\n {2}acquire spilled [\d,]+ frames?, .* at most, all came back/,
  );
  expect([code, readdirSync(join(shell.folder, "sp"))]).toEqual([0, []]);
  const { frames, missingFrames, fault } = JSON.parse((await shell.run("mote inspect a.mote --json")).out);
  expect([frames, missingFrames, fault]).toEqual([1000, 0, null]);
});

test("the first interrupt of a pipeline brings what is on the disk to its end, however long that takes", async () => {
  const shell = prepare("spill-interrupt");
  const line = `set -m; (mote ${live} --json 2>a | node throttle.mjs | mote archive --json --out all.mote 2>c) & P=$!; ${untilSpilled(8e6)}; kill -INT -- -$P; wait $P; echo $?`;
  expect((await shell.run(line)).out).toBe("0");
  const [source, sink] = [reportIn(shell.folder, "a"), reportIn(shell.folder, "c")];
  expect(source.stages[0]!.spill!.frames).toBeGreaterThan(0);
  expect(sink.stages.at(-1)!.in).toBe(source.stages[0]!.out);
  expect(sink.lost).toBe(0);
});

/** A line a frame with its number and the sum of its pixels, as the stream's Python reader prints them. */
function framesOf(said: string): Map<string, string> {
  const found = said.matchAll(/^frame (\d+) .* sum (\d+)$/gm);
  return new Map([...found].map((match) => [match[1]!, match[2]!]));
}

testWithPython(
  "after kill -9 the spool is a recording that anybody reads up to the cut, its frames the camera's",
  async () => {
    const shell = prepare("spill-kill");
    const line = `set -m; (mote ${live} | node throttle.mjs | cat >/dev/null) & P=$!; ${untilSpilled(Math.ceil(randomOfRun("kill of a spool")() * 5e6))}; kill -9 -- -$P; wait $P; ls sp`;
    const name = (await shell.run(line)).out.trim();
    expect(name).toMatch(/^mote-spool-\d+-acquire\.mote$/);
    const { frames, missingFrames, firstFrame, lastFrame, fault } = JSON.parse(
      (await shell.run(`mote inspect sp/${name} --json`)).out,
    );
    expect(frames).toBeGreaterThan(0);
    expect([missingFrames, fault]).toEqual([0, `cut after frame ${lastFrame}`]);
    const reader = `${python} ${root}/docs/frame-stream/mote_stream.py`;
    const spooled = framesOf((await shell.run(`${reader} < sp/${name}`)).out);
    expect(spooled.size).toBe(frames);
    const taken = lastFrame + 1;
    const made = await shell.run(`mote acquire --camera sim --size 128x128 --beads 4 --frames ${taken} | ${reader}`);
    const truth = framesOf(made.out);
    for (const [number, sum] of spooled) expect([number, sum]).toEqual([number, truth.get(number)]);
    expect(spooled.has(String(firstFrame))).toBe(true);
    const saved = await shell.run(`mote archive --input sp/${name} --allow-truncated --out saved.mote --quiet`);
    expect(saved.code).toBe(3);
  },
);

test.each<[string, FaultRule]>([
  ["ENOSPC", { call: "write", path: "mote-spool", from: 20, error: "ENOSPC" }],
  [
    "EIO in the middle of a frame",
    { call: "write", path: "mote-spool", from: 20, times: 1, short: 3000, error: "EIO" },
  ],
])("%s on the spool's disk costs frames at most, counted; what was spilled before comes back", async (_, rule) => {
  const shell = prepare("spill-fault");
  const log = join(shell.folder, "faults");
  const line = `mote ${live} --frames 1600 --json 2>a | node throttle.mjs | mote archive --json --out all.mote 2>c; echo "\${PIPESTATUS[*]}"`;
  const { stdout } = await execa("bash", ["-c", line], {
    cwd: shell.folder,
    env: { ...environment, ...faultyEnvironment([rule], log) },
    reject: false,
  });
  expect(faultsIn(log).length).toBeGreaterThan(0);
  const { stages, lost } = reportIn(shell.folder, "c");
  expect(stdout).toBe(lost > 0 ? "3 0 3" : "0 0 0");
  expect(stages[0]!.in).toBe(1600);
  expect(stages[0]!.dropped["spool full"] ?? 0).toBe(lost);
  expect(stages.at(-1)!.in).toBe(1600 - lost);
  expect(stages[0]!.spill!.returned).toBe(stages[0]!.spill!.frames);
  expect(readdirSync(join(shell.folder, "sp"))).toEqual([]);
});
