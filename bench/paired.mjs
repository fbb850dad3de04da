// Two builds of Mote on the same work, one after the other and again: node bench/paired.mjs BEFORE AFTER [ROUNDS] [NAMES]
// BEFORE and AFTER are folders with a build; NAMES is a regular expression of the works to time (all of them). Wall and processor time of whole runs; the ratio is the median of the pairs', so
// that a busy machine, which slows both, is not taken for a change. Verified: the exit code, and that both wrote as many rows.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [before, after, rounds = "5", names = ""] = process.argv.slice(2);
if (before === undefined || after === undefined) throw new Error("expected two folders with builds");
const folder = mkdtempSync(join(tmpdir(), "mote-paired-"));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const camera = "acquire --camera sim --size 2048x2048 --seed 1 --frames 100";

/** Shell lines, in which MOTE stands for the program. */
const works = [
  ["run: sim, track, csv", `MOTE run --quiet ${camera} then track --preset tweezer then archive --out out.csv`],
  ["run: sim, track, h5", `MOTE run --quiet ${camera} then track --preset tweezer then archive --out out.h5`],
  ["pipe: sim to a .mote, no checksums", `MOTE ${camera} --checksums off | MOTE archive --out out.mote`],
  [
    "run: 64x64 with one bead, track, csv",
    `MOTE run --quiet acquire --camera sim --size 64x64 --beads 1 --seed 1 --frames 20000 then track --diameter 11 then archive --out out.csv`,
  ],
  ["start: --help", "MOTE --help"],
  ["start: inspect of a TIFF", `MOTE inspect ${resolve("../shared/data/bulk_water_a.tif")}`],
];

/** Wall seconds, and processor seconds of all its processes as the shell tells them. */
function time(build, line) {
  const program = `node ${join(resolve(build), "bin/mote.js")}`;
  const script = `TIMEFORMAT='%U %S'; time { ${line.replaceAll("MOTE", program)} >printed; }`;
  const startedAt = performance.now();
  return new Promise((done, failed) => {
    const child = spawn("bash", ["-c", script], { cwd: folder, stdio: ["ignore", "inherit", "pipe"] });
    let told = "";
    child.stderr.on("data", (piece) => {
      told += piece;
    });
    child.on("exit", (code) => {
      if (code !== 0) return failed(new Error(`${line}: exit ${code}\n${told}`));
      const [user, system] = told.trim().split("\n").at(-1).split(" ").map(Number);
      done({ wall: (performance.now() - startedAt) / 1000, processor: user + system });
    });
  });
}

function rowsWritten(line) {
  return line.includes("out.csv") ? readFileSync(join(folder, "out.csv"), "utf8").split("\n").length : 0;
}

for (const [name, line] of works.filter(([name]) => new RegExp(names).test(name))) {
  const pairs = [];
  for (let round = 0; round < Number(rounds); round++) {
    const pair = [];
    const rows = [];
    for (const build of [before, after]) {
      for (const file of ["out.csv", "out.h5", "out.mote"]) rmSync(join(folder, file), { force: true });
      pair.push(await time(build, line));
      rows.push(rowsWritten(line));
    }
    if (rows[0] !== rows[1]) throw new Error(`${name}: ${rows[0]} rows before, ${rows[1]} after`);
    pairs.push(pair);
  }
  const ratio = (what) => median(pairs.map(([one, other]) => other[what] / one[what])).toFixed(3);
  const spent = (at, what) => median(pairs.map((pair) => pair[at][what])).toFixed(2);
  console.log(
    `paired/${name}: processor ${spent(0, "processor")} s before, ${spent(1, "processor")} s after, ratio ${ratio("processor")}; wall ratio ${ratio("wall")}`,
  );
}
rmSync(folder, { recursive: true });
