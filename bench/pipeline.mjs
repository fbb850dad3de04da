// Whole runs of the real program: simulated camera, two workers, CSV; and how its memory behaves over many frames.
// Verified: the number of frames and rows in the table, nothing lost, no slot kept.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "mote-bench-"));
const mote = new URL("../bin/mote.js", import.meta.url).pathname;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Resident megabytes of a process. */
function residentMb(pid) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/);
  return line ? Number(line[1]) / 1024 : 0;
}

/** Runs stages in one process; the report, and resident memory sampled against the frames done. */
function run(words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mote, "run", "--json", ...words], { stdio: ["ignore", "ignore", "pipe"] });
    const samples = [];
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const timer = setInterval(() => {
      try {
        samples.push({ at: performance.now(), mb: residentMb(child.pid) });
      } catch {
        clearInterval(timer);
      }
    }, 100);
    child.on("exit", (code) => {
      clearInterval(timer);
      if (code !== 0) return reject(new Error(`${words.join(" ")}: exit ${code}\n${text}`));
      resolve({
        report: JSON.parse(
          text
            .trim()
            .split("\n")
            .findLast((line) => line.includes('"kind":"report"')),
        ),
        samples,
      });
    });
  });
}

function verify({ report }, frames, csv) {
  const [source, track, sink] = report.stages;
  if (report.lost !== 0 || report.leakedSlots !== 0) throw new Error("frames were lost or slots kept");
  if (source.out !== frames || sink.in !== frames) throw new Error(`${sink.in} of ${frames} frames arrived`);
  const rows = readFileSync(csv, "utf8").trimEnd().split("\n").length - 1;
  if (rows !== track.summary.particles)
    throw new Error(`${rows} rows in the table, ${track.summary.particles} particles found`);
}

/** Resident memory after the first tenth of the run, and at its end (mean of the last tenth). */
function growth(samples) {
  const running = samples.filter((sample) => sample.mb > 0);
  const tenth = Math.max(1, Math.floor(running.length / 10));
  const mean = (part) => part.reduce((sum, sample) => sum + sample.mb, 0) / part.length;
  return { early: mean(running.slice(tenth, 2 * tenth + 1)), late: mean(running.slice(-tenth - 1, -1)) };
}

async function pipeline(name, frames, track, runs) {
  const rates = [];
  let rowsAFrame = 0;
  const csv = join(folder, "out.csv");
  for (let i = 0; i < runs; i++) {
    const result = await run([
      "acquire",
      "--camera",
      "sim",
      "--frames",
      String(frames),
      "then",
      "track",
      ...track,
      "--workers",
      "2",
      "then",
      "archive",
      "--force",
      "--out",
      csv,
    ]);
    verify(result, frames, csv);
    rates.push((frames / result.report.elapsedMs) * 1000);
    rowsAFrame = result.report.stages[1].summary.particles / frames;
  }
  console.log(
    `pipeline/sim-track-csv/${name}/2048x2048: ${median(rates).toFixed(1)} frames a second (${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)}), ${rowsAFrame.toFixed(0)} rows a frame (asked: 80, aimed at: 100)`,
  );
}

async function memory(name, frames, camera, track) {
  const csv = join(folder, "out.csv");
  const result = await run([
    "acquire",
    "--camera",
    "sim",
    "--frames",
    String(frames),
    ...camera,
    "then",
    "track",
    ...track,
    "then",
    "archive",
    "--force",
    "--out",
    csv,
  ]);
  verify(result, frames, csv);
  const { early, late } = growth(result.samples);
  console.log(
    `memory/${name}: ${frames} frames, resident ${early.toFixed(0)} MB after a tenth, ${late.toFixed(0)} MB at the end, all slots returned, ${((frames / result.report.elapsedMs) * 1000).toFixed(0)} frames a second`,
  );
}

async function help() {
  const times = [];
  for (let i = 0; i < 11; i++) {
    const startedAt = performance.now();
    await new Promise((resolve) => spawn(process.execPath, [mote, "--help"], { stdio: "ignore" }).on("exit", resolve));
    times.push(performance.now() - startedAt);
  }
  console.log(
    `start/mote --help: ${median(times).toFixed(0)} ms, minimum ${Math.min(...times).toFixed(0)} ms (asked: 150)`,
  );
}

const frames = Number(process.env.MOTE_BENCH_FRAMES ?? 400);
const isShort = process.env.MOTE_BENCH_FRAMES !== undefined;
await pipeline("tweezer", frames, ["--preset", "tweezer"], 3);
await pipeline("tweezer-minmass-1000", frames, ["--preset", "tweezer", "--minmass", "1000"], 3);
await memory(
  "small",
  isShort ? frames : 20_000,
  ["--size", "64x64", "--beads", "1", "--fps", "2000", "--backpressure", "block"],
  ["--diameter", "21", "--minmass", "1000", "--search-range", "5"],
);
await memory("large", isShort ? frames : 500, [], ["--preset", "tweezer", "--minmass", "1000"]);
await help();
rmSync(folder, { recursive: true });
