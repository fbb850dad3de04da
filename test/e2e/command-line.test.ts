/** Everything on a command line is used or refused, before anything is opened. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadVerb, verbNames } from "../../src/commands/index.js";
import { summaries } from "../../src/commands/summaries.js";
import { stackTrace } from "../stack-trace.mjs";
import { openShell, root } from "./shell.js";

const sim = "acquire --camera sim --size 32x32 --frames 1";
const runFile = JSON.stringify({
  version: 1,
  stages: [
    { stage: "acquire", camera: "sim", frames: 2, size: "32x32" },
    { stage: "archive", out: ["x.mote"], "min-free": 0 },
  ],
});

test.each([
  "run run.json --out y.csv",
  "run run.json --nonsense=5",
  "run run.json other.json",
  `run --nonsense ${sim} then archive --out x.mote`,
  `run ${sim} then archive --out x.mote --quiet`,
  `${sim} --frames 3 --output x.mote`,
  `${sim} --force=no --output x.mote`,
  `${sim} --force --no-force --output x.mote`,
  `${sim} --to-string --output x.mote`,
  `${sim} --__proto__ --output x.mote`,
  `${sim} --config twice.json --output x.mote`,
  `${sim} --config json.json --output x.mote`,
  "constructor",
  "__proto__",
  "--version please",
  "help --nonsense",
])("refused, and nothing is written: mote %s", async (line) => {
  const shell = openShell("refused");
  writeFileSync(join(shell.folder, "run.json"), runFile);
  writeFileSync(join(shell.folder, "twice.json"), '{"seed":1,"seed":2}');
  writeFileSync(join(shell.folder, "json.json"), '{"json":true}');
  const { code, out, err } = await shell.mote(line);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(/^error: /);
  expect(err).not.toMatch(stackTrace);
  expect(existsSync(join(shell.folder, "x.mote"))).toBe(false);
});

test.each([
  `${sim} --output x.h5`,
  `${sim} --output x.hdf`,
  `${sim} --output y.tif`,
  `${sim} --output y.ome.tiff`,
  `${sim} --output t.csv`,
  `${sim} --output t.Parquet`,
  `${sim} --output z.ome.zarr`,
  `${sim} --output p.png --force`,
  `track --diameter 21 --input ${root}/fixtures/beads.mote --output t.ndjson`,
  `${sim} --truth truth.h5 --output x.mote`,
  `inspect ${root}/fixtures/beads.mote --png 0 --png-out p.jpg`,
  `inspect ${root}/fixtures/beads.mote --png 0 --png-out p.h5`,
])("a file would be under the name of another format, which is refused: mote %s", async (line) => {
  const shell = openShell("misnamed");
  const { code, out, err } = await shell.mote(line);
  expect([code, out, readdirSync(shell.folder)]).toEqual([2, "", []]);
  expect(err).toMatch(/is the name of another format|expected a name that ends in \.png/);
});

test("a named pipe carries a frame stream whatever it is called", async () => {
  const shell = openShell("pipe-name");
  const { code } = await shell.run(
    `mkfifo p.h5; mote archive --input p.h5 --out x.mote & mote ${sim} --output p.h5; wait $!`,
  );
  expect([code, existsSync(join(shell.folder, "x.mote"))]).toEqual([0, true]);
});

test.each([
  ["verify", /^error: verify, FILE: is required/],
  ["inspect --json=1 x", /^error: inspect, --json: takes no value/],
  ["verify --files x.mote y.mote", /^error: verify, --files: there is no such option\n.*Give the name alone\./],
  ["acquire none.tif", /ENOENT[^\n]*\n.*There is no such file in \/[^.\n]*[^./]\./],
  ["acquire ../none/none.tif", /ENOENT[^\n]*\n.*The folder \.\.\/none cannot be read either\./],
  [
    `run ${sim} then archive --out x.mote --quiet`,
    /archive, --quiet: is an option of the whole run\n.*mote run --quiet/,
  ],
  [`run ${sim} then track --diameter 11 --output x.mote`, /track, --output: is for a stage in a shell pipeline/],
  ["run bad.json", /^error: bad\.json, acquire, fps: expected a number above 0/],
  ["run stray.json", /^error: stray\.json, archive, json: is an option of the whole run/],
])("a refusal is in the words that were typed: mote %s", async (line, words) => {
  const shell = openShell("words");
  const [source, sink] = [
    { stage: "acquire", camera: "sim", frames: 2, size: "32x32" },
    { stage: "archive", out: ["x.mote"] },
  ];
  const write = (name: string, ...stages: object[]) =>
    writeFileSync(join(shell.folder, name), JSON.stringify({ version: 1, stages }));
  write("bad.json", { ...source, fps: -1 }, sink!);
  write("stray.json", source!, { ...sink, json: true });
  const { code, err } = await shell.mote(line);
  expect([code, err]).toEqual([2, expect.stringMatching(words)]);
  expect(existsSync(join(shell.folder, "x.mote"))).toBe(false);
});

test("a run's own options work behind a run file as before it", async () => {
  const shell = openShell("run-options");
  writeFileSync(join(shell.folder, "run.json"), runFile);
  expect(await shell.mote("run run.json --quiet")).toEqual({ code: 0, out: "", err: "" });
  for (const words of ["run --json run.json --force", "run run.json --json"]) {
    expect((await shell.mote(words)).err).toContain('"kind":"error"');
  }
});

test("a name that the system refuses is a message with what to do, wherever it is given", async () => {
  const shell = openShell("names");
  const long = "a".repeat(300);
  const beads = join(root, "fixtures/beads.mote");
  for (const words of [
    `verify ${long}.tif`,
    `inspect ${beads}/x.tif`,
    `acquire ${long}.tif`,
    `${sim} --truth ${long}.csv --output /dev/null`,
    `run ${sim} then archive --min-free 0 --out ${long}.h5`,
    `run ${sim} then archive --min-free 0 --out ${beads}/x.ome.zarr`,
    `recover ${beads} --out ${long}.mote`,
    `link ${long}.csv --search-range 5`,
  ]) {
    const { code, err } = await shell.mote(words);
    expect([words, [1, 2].includes(code)]).toEqual([words, true]);
    expect(err).toMatch(/^error: /m);
    expect(err).not.toMatch(stackTrace);
  }
});

test("losses of the recording that is read are told with exit code 3, in the middle of a pipeline and quietly, too", async () => {
  const shell = openShell("lossy-input");
  await shell.mote(`${sim.replace("--frames 1", "--frames 30")} --fault drop@10-14 --output l.mote`);
  for (const quiet of ["", "--quiet"]) {
    const { code, err } = await shell.run(`mote track --input l.mote --diameter 11 ${quiet} > t.mote`);
    expect(code).toBe(3);
    expect(err).toMatch(/loss: acquire: 5 frames lost/);
  }
});

test("a camera whose frames may have to wait is refused when they have nowhere to, and more workers than are of use are not taken", async () => {
  const shell = openShell("places");
  const missing = await shell.run(`TMPDIR=/nowhere/at/all mote ${sim} --fps 10 --output x.mote`);
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("/nowhere/at/all")]);
  const many = await shell.mote(
    `run ${sim} then track --diameter 5 --workers 256 then archive --min-free 0 --out t.csv`,
  );
  expect([many.code, many.err]).toEqual([0, expect.stringMatching(/--workers 256: \d+ are taken/)]);
});

test("mote --help lists every verb with its own sentence", async () => {
  expect(Object.keys(summaries)).toEqual(verbNames);
  const out = (await openShell("overview").mote(["--help"])).out.replaceAll(/\n {13}/g, " ");
  for (const name of verbNames) {
    const verb = (await loadVerb(name))!;
    const { summary } = verb.kind === "stage" ? verb.stage : verb.command;
    expect(out).toContain(`  ${name.padEnd(10)} ${summary}\n`);
  }
});
