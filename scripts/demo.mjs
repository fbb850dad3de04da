// The README's demo: a simulated camera, tracked and archived in one process; says in ten lines what happened.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statSync } from "node:fs";

const out = "demo-out";
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
const files = { h5: `${out}/run.h5`, csv: `${out}/tracks.csv`, png: `${out}/frame-60.png` };
const frames = process.env.MOTE_DEMO_FRAMES ?? "100";

function mote(words, stdio) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ["bin/mote.js", ...words], {
    encoding: "utf8",
    stdio,
  });
  if (error) throw error;
  if (status !== 0) {
    process.stderr.write(stderr ?? "");
    process.exit(status ?? 1);
  }
  return { stdout, stderr };
}

const words = ["run", "--json", "acquire", "--camera", "sim", "--size", "2048x2048", "--frames", frames]
  .concat(["then", "track", "--preset", "tweezer", "--minmass", "1000"])
  .concat(["then", "archive", "--out", files.csv, "--out", files.h5]);
console.log(`$ mote ${words.filter((word) => word !== "--json").join(" ")}`);
const { stderr } = mote(words, ["ignore", "inherit", "pipe"]);
const report = JSON.parse(
  stderr
    .trim()
    .split("\n")
    .findLast((line) => line.includes('"kind":"report"')),
);
const stage = Object.fromEntries(report.stages.map((entry) => [entry.stage, entry]));
const shown = Math.min(60, Number(frames) - 1);
const png = files.png.replace("60", String(shown));
mote(["inspect", files.h5, "--png", String(shown), "--png-out", png, "--json"], ["ignore", "pipe", "inherit"]);

const seconds = report.elapsedMs / 1000;
const size = (path) => `${path} (${(statSync(path).size / 1e6).toFixed(1)} MB)`;
console.log(`frames     ${stage.archive.in} of 2048x2048 pixels, 16 bit, in ${seconds.toFixed(1)} s`);
console.log(`speed      ${(stage.archive.in / seconds).toFixed(1)} frames a second, everything stored (zstd)`);
console.log(
  `particles  ${stage.track.summary.particles.toLocaleString("en-US")}, about ${Math.round(stage.track.summary.particles / stage.track.in)} a frame`,
);
console.log(`tracks     ${stage.track.summary.tracks.toLocaleString("en-US")}`);
console.log(`lost       ${report.lost === 0 ? "nothing" : report.losses.join("; ")}`);
console.log(
  `latency    ${stage.track.latencyMs.p50} ms median, ${stage.track.latencyMs.p99} ms 99 %, from frame to linked detections`,
);
console.log(`written    ${size(files.h5)}`);
console.log(`           ${size(files.csv)}`);
console.log(`picture    ${size(png)}: frame ${shown} with the tracks drawn on it`);
