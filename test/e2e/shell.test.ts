/** What only the process boundary adds: pipes, signals, exit codes, files left behind. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sim, track, untilRows } from "./pipeline-words.js";
import { openShell, root } from "./shell.js";

test("a pipeline of three processes and one run give the same bytes of CSV", async () => {
  const shell = openShell("same");
  const piped = await shell.run(`mote ${sim} --frames 40 | mote ${track} | mote archive --out piped.csv`);
  const composed = await shell.mote(`run ${sim} --frames 40 then ${track} then archive --out run.csv`);
  expect([piped.code, composed.code, piped.out, composed.out]).toEqual([0, 0, "", ""]);
  const csv = readFileSync(join(shell.folder, "piped.csv"), "utf8");
  expect(csv).toBe(readFileSync(join(shell.folder, "run.csv"), "utf8"));
  expect(csv.split("\n").length).toBeGreaterThan(200);
});

test("a run file and a command line give the same bytes", async () => {
  const shell = openShell("run-file");
  const stages = [
    { stage: "acquire", camera: "sim", size: "128x128", beads: 9, frames: 20 },
    { stage: "track", diameter: 21, minmass: 500, "search-range": 8, memory: 1 },
    { stage: "archive", out: ["file.csv"] },
  ];
  writeFileSync(join(shell.folder, "run.json"), JSON.stringify({ version: 1, stages }));
  expect(await shell.mote("run run.json --quiet")).toEqual({ code: 0, out: "", err: "" });
  await shell.mote(`run ${sim} --frames 20 then ${track} then archive --out words.csv`);
  expect(readFileSync(join(shell.folder, "file.csv"), "utf8")).toBe(
    readFileSync(join(shell.folder, "words.csv"), "utf8"),
  );
});

test("a reader that goes away ends the producer quietly with exit code 0", async () => {
  const shell = openShell("gone");
  const { out } = await shell.run(`mote ${sim} 2>err | head -c 300000 | wc -c; echo "\${PIPESTATUS[*]}"; cat err`);
  expect(out.split("\n")).toEqual(["300000", "0 0 0"]);
});

test("one interrupt ends an endless run in order, with every frame that was made", async () => {
  const shell = openShell("interrupt");
  const line = `mote run --json ${sim} then ${track} then archive --out i.h5 --out i.csv 2>log & P=$!; ${untilRows("i.csv")}; kill -INT $P; wait $P; echo $?`;
  const { out } = await shell.run(line);
  expect(out).toBe("0");
  const log = readFileSync(join(shell.folder, "log"), "utf8")
    .trim()
    .split("\n")
    .map((entry) => JSON.parse(entry));
  const report = log.find((entry) => entry.kind === "report");
  expect(report).toMatchObject({ lost: 0, isComplete: false, leakedSlots: 0 });
  expect(report.stages[2].in).toBe(report.stages[0].out);
  expect(report.stages[0].out).toBeGreaterThan(10);
});

test("a stream that ends in a file is told as an archive is; one that goes on into a pipe is not", async () => {
  const shell = openShell("told-file");
  const kept = await shell.mote(`${sim} --frames 5 --output a.mote`);
  expect(kept.err).toMatch(/^acquire: 5 frames in .* nothing lost\n {2}a\.mote {2}[\d.]+ kB$/);
  expect((await shell.mote(`${sim} --frames 5 --output b.mote --quiet`)).err).toBe("");
  expect((await shell.run(`mote ${sim} --frames 5 | cat > c.mote`)).err).toBe("");
  const lossy = await shell.mote(`${sim} --frames 9 --fault drop@2-4 --output d.mote`);
  expect(lossy.err).toMatch(/^acquire: 6 frames in .* 3 frames lost\n {2}d\.mote .*\nloss: acquire: 3 frames lost/);
});

test("a cut stream is an error that says after which frame; what came is kept", async () => {
  const shell = openShell("cut");
  await shell.mote(`${sim} --frames 20 --output whole.mote`);
  const cut = "head -c 400000 whole.mote";
  const failed = await shell.run(`${cut} | mote archive --out a.mote`);
  expect(failed.code).toBe(1);
  expect(failed.err).toMatch(/error: archive, stdin: the stream was cut after frame \d+, at byte 400000/);
  const named = await shell.run(`${cut} > cut.mote; mote track --diameter 21 --input cut.mote --output c.mote`);
  expect(named.err).toMatch(/error: track, --input cut\.mote: the stream was cut after frame \d+, at byte 400000/);
  const taken = await shell.run(`${cut} | mote archive --allow-truncated --out b.mote`);
  expect(taken.code).toBe(3);
  const inspected = await shell.mote("inspect b.mote --json");
  const { frames, lastFrame } = JSON.parse(inspected.out);
  expect(failed.err).toContain(`after frame ${lastFrame}`);
  expect(frames).toBe(lastFrame + 1);
});

test.each([
  ["text", "printf 'frame,x,y\\n1,2,3\\nmore and more text' |", 1, /expected a frame stream, got text/],
  ["nothing", "true |", 1, /expected a frame stream, got nothing/],
  ["noise", "head -c 5000 /dev/zero |", 1, /expected a frame stream, got bytes 0000/],
])("%s on stdin is one error with a hint, and leaves no file", async (name, before, code, message) => {
  const shell = openShell(`bad-${name}`);
  const result = await shell.run(`${before} mote archive --out x.mote`);
  expect(result.err).toMatch(message);
  expect(result.err.split("\n").filter((line) => line.startsWith("error:"))).toHaveLength(1);
  expect([result.code, readdirSync(shell.folder)]).toEqual([code, []]);
});

test("a corrupt byte in a recording names the message; --allow-truncated does not hide it", async () => {
  const shell = openShell("corrupt");
  const bytes = readFileSync(join(root, "fixtures/beads.mote"));
  bytes[40_000] = bytes[40_000]! ^ 1;
  writeFileSync(join(shell.folder, "bad.mote"), bytes);
  const result = await shell.mote("archive --input bad.mote --allow-truncated --out x.mote");
  expect(result.code).toBe(1);
  expect(result.err).toMatch(/bad\.mote, message \d+ at byte \d+: its payload does not match its checksum/);
});

test("all mistakes of all stages are told at once, with the nearest name, exit code 2", async () => {
  const shell = openShell("mistakes");
  const result = await shell.mote(
    "run acquire --camera simm --fps -3 then track --diametre 20 --memory x then archive",
  );
  expect(result.code).toBe(2);
  expect(result.err).toContain("acquire, --camera: expected sim, got simm");
  expect(result.err).toContain("Did you mean --diameter?");
  for (const where of [
    "acquire, --fps",
    "track, --diametre",
    "track, --diameter: is required",
    "track, --memory",
    "archive, --out",
  ]) {
    expect(result.err).toContain(`error: ${where}`);
  }
});

test.each([
  ["a missing file", "acquire nowhere.tif", /nowhere\.tif/],
  [
    "an option of runs given to a command that is none",
    `inspect ${root}/fixtures/beads.mote --latency`,
    /no such option/,
  ],
  ["an unknown command", "trak", /Did you mean mote track/],
  ["an even diameter", `run ${sim} --frames 1 then track --diameter 20 then archive --out x.csv`, /odd whole number/],
  [
    "a diameter larger than the frame",
    `run ${sim} --frames 1 then track --diameter 201 then archive --out x.csv`,
    /201/,
  ],
  [
    "zero separation",
    `run ${sim} --frames 1 then track --diameter 21 --separation 0 then archive --out x.csv`,
    /separation/,
  ],
  [
    "tracks fed to track",
    `run ${sim} --frames 1 then ${track} then track --diameter 5 then archive --out x.csv`,
    /tracked already/,
  ],
  [
    "an unknown extension",
    `run ${sim} --frames 1 then ${track} then archive --out x.xls`,
    /\.csv, \.h5, \.mote, \.ndjson/,
  ],
  ["stages in the wrong order", `run ${track} then archive --out x.csv`, /first stage/],
  ["a table of untracked frames", `run ${sim} --frames 1 then archive --out x.csv`, /Put `track` before it/],
])("%s is refused before anything is opened", async (name, line, message) => {
  const shell = openShell(`refused-${name.replace(/\W+/g, "-")}`);
  const result = await shell.mote(line);
  expect(result.err).toMatch(message);
  expect([result.code, result.out, readdirSync(shell.folder)]).toEqual([2, "", []]);
});

test("an existing file is not overwritten without --force", async () => {
  const shell = openShell("force");
  writeFileSync(join(shell.folder, "x.csv"), "precious");
  const line = `run ${sim} --frames 2 then ${track} then archive --out x.csv`;
  expect((await shell.mote(line)).code).toBe(2);
  expect(readFileSync(join(shell.folder, "x.csv"), "utf8")).toBe("precious");
  expect((await shell.mote(`${line} --force`)).code).toBe(0);
  const kept = await shell.mote(`${sim} --frames 2 --output x.csv`);
  expect([kept.code, kept.err]).toEqual([2, expect.stringContaining("exists already")]);
});

test("a loss is counted, named, kept with the data and in the exit code of every process after it", async () => {
  const shell = openShell("loss");
  const lossy = `${sim} --frames 20 --fault drop@7-9`;
  const result = await shell.run(
    `mote ${lossy} | mote ${track} | mote archive --out l.csv --out l.h5; echo "\${PIPESTATUS[*]}"`,
  );
  expect(result.out).toBe("3 3 3");
  expect(result.err).toContain("acquire: 3 frames lost (device gap)");
  const { facts } = { facts: JSON.parse((await shell.mote("inspect l.h5 --json")).out) };
  expect(facts.ledger).toMatchObject({ stored: 17 });
  expect(Object.values(facts.ledger as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(20);
});

test("reading a stream from a file says nothing but the result", async () => {
  const { err, code } = await openShell("file-in").mote(
    `archive --input ${root}/fixtures/tracked.mote --out t.csv --quiet`,
  );
  expect([code, err]).toEqual([0, ""]);
});

test("--json speaks JSON lines only, --quiet nothing at all", async () => {
  const shell = openShell("voice");
  const line = `${sim} --frames 30 then ${track} then archive --force --out v.csv`;
  const json = await shell.mote(`run --json ${line}`);
  for (const entry of json.err.trim().split("\n")) expect(() => JSON.parse(entry)).not.toThrow();
  expect(json.err).toContain('"kind":"report"');
  expect(await shell.mote(`run --quiet ${line}`)).toEqual({ code: 0, out: "", err: "" });
  const refused = await shell.mote("acquire --json nowhere.tif");
  expect(JSON.parse(refused.err.split("\n")[0]!)).toMatchObject({ kind: "error", exitCode: 2 });
});

test("an all-black recording gives an empty table, not a crash", async () => {
  const shell = openShell("black");
  await shell.run("head -c $((64*64*2*5)) /dev/zero > black.raw");
  const result = await shell.mote(
    "run acquire black.raw --size 64x64 --pixel-format uint16 then track --diameter 11 --search-range 3 then archive --out black.csv",
  );
  expect(result.code).toBe(0);
  expect(readFileSync(join(shell.folder, "black.csv"), "utf8").trim().split("\n")).toHaveLength(1);
});

test("a failing run leaves no file under a final name that holds nothing", async () => {
  const shell = openShell("leaves");
  writeFileSync(join(shell.folder, "bad.mote"), readFileSync(join(root, "fixtures/beads.mote")).subarray(0, 3000));
  const result = await shell.mote("archive --input bad.mote --out x.h5 --out y.mote");
  expect(result.code).toBe(1);
  expect(existsSync(join(shell.folder, "x.h5"))).toBe(false);
  expect(existsSync(join(shell.folder, "y.mote"))).toBe(false);
});

test("a --config file holds option values; options beside it win", async () => {
  const shell = openShell("config");
  writeFileSync(
    join(shell.folder, "track.json"),
    JSON.stringify({ diameter: 11, minmass: 500, "search-range": 8, memory: 1 }),
  );
  await shell.mote(`${sim} --frames 10 --output frames.mote`);
  await shell.mote("track --config track.json --diameter 21 --input frames.mote --output config.mote");
  await shell.mote("archive --input config.mote --out config.csv");
  await shell.mote(`run ${sim} --frames 10 then ${track} then archive --out words.csv`);
  expect(readFileSync(join(shell.folder, "config.csv"), "utf8")).toBe(
    readFileSync(join(shell.folder, "words.csv"), "utf8"),
  );
});
