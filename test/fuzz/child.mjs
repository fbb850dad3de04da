/**
 * One process of the fuzzer: takes numbers from its parent, makes the input of each, lets a command have it, and says what
 * came of it. That it hangs or grows too large is for the parent to see.
 */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { asMoteError } from "../../dist/core/errors.js";
import { stackTrace } from "../stack-trace.mjs";
import { inProcess, wordsOf } from "./commands.mjs";
import { mote } from "./corpus.mjs";
import { bytesIn } from "./folders.mjs";
import { layInput } from "./lay-input.mjs";
import { limits, mayWrite } from "./limits.mjs";
import { peakBytes, watchOf } from "./process-facts.mjs";
import { Random } from "./random.mjs";

const { cells, seed, processShares, work } = JSON.parse(process.argv[2]);
process.chdir(work);
/** The process that has an input now. */
let running;

/** The cell, input and way of a number: the same for the same seed, whoever does it. */
async function attempt(number, asProcess) {
  const random = new Random(seed, number);
  const cell = cells[number % cells.length];
  const original = cell.paths[Math.floor(number / cells.length) % cell.paths.length];
  const isDrawn = random.chance(processShares[cell.command] ?? processShares.others);
  const isProcess = isDrawn || asProcess;
  const place = join(work, String(number));
  const written = join(place, "written");
  mkdirSync(written, { recursive: true });
  process.send({ kind: "begun", number, isProcess });
  const { path, bytes } = layInput(original, place, random);
  const startedAtMs = performance.now();
  const { finding, peak } = isProcess
    ? await runProcess(cell.command, path, place, mayWrite(bytes))
    : await runHere(cell.command, path, place);
  const ms = performance.now() - startedAtMs;
  const writtenBytes = bytesIn(written);
  const tooMuch = writtenBytes > mayWrite(bytes);
  return {
    finding: finding ?? (tooMuch ? { kind: "wrote too much", text: `${writtenBytes} bytes from ${bytes}` } : null),
    ...{ number, isProcess, ms, peak, place },
  };
}

async function runHere(command, path, place) {
  let finding = null;
  try {
    await inProcess[command](path, join(place, "written"));
  } catch (error) {
    // As the one place that prints does.
    const told = asMoteError(command, error);
    if (!told || told.isDefect) finding = { kind: "stack trace", text: String(error?.stack ?? error) };
  }
  return { finding, peak: process.resourceUsage().maxRSS * 1024 };
}

/**
 * A command in a process of its own, watched. A camera may go on for as long as it likes, so that SIGTERM has to end it half
 * way to a hang; a command that reads a file has to come to an end by itself.
 */
function runProcess(command, path, place, mostBytes) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [mote, ...wordsOf(command, path, join(place, "written"))], {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: join(place, "written"),
    });
    running = child;
    let stderr = "";
    let ended = null;
    let peak = 0;
    child.stderr.on("data", (piece) => {
      if (stderr.length < 100_000) stderr += piece;
    });
    const look = watchOf(child.pid, limits, false);
    const asked = command === "config" ? setTimeout(() => child.kill("SIGTERM"), limits.hangMs / 2) : undefined;
    const watch = setInterval(() => {
      peak = Math.max(peak, peakBytes(child.pid));
      ended ??= look() ?? (bytesIn(join(place, "written")) > mostBytes ? "wrote too much" : null);
      if (ended) child.kill("SIGKILL");
    }, 50);
    child.on("close", (_, signal) => {
      clearInterval(watch);
      clearTimeout(asked);
      running = undefined;
      // SIGTERM is the fuzzer's own, to a process that was not yet listening; any other was not asked for.
      const crash = signal !== null && signal !== "SIGTERM" ? `died of ${signal}` : null;
      const kind = ended ?? (stackTrace.test(stderr) ? "stack trace" : crash);
      resolve({ finding: kind && { kind, text: stderr.slice(0, 5000) }, peak });
    });
  });
}

process.on("message", async ({ numbers, asProcess = false }) => {
  for (const number of numbers) {
    const { place, ...done } = await attempt(number, asProcess);
    process.send({ kind: "done", ...done });
    if (!done.finding) rmSync(place, { recursive: true, force: true });
    if (!done.isProcess && done.peak > limits.residentBytes) break;
  }
  process.send({ kind: "idle" });
});

function leave() {
  running?.kill("SIGKILL");
  process.exit(0);
}
process.on("disconnect", leave);
process.on("SIGTERM", leave);
// The terminal's goes to all; the parent sees to it.
process.on("SIGINT", () => {});
process.send({ kind: "idle" });
