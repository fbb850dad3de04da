/**
 * One process of the fuzzer: takes numbers from its parent, makes the input of each, lets a command have it, and says what
 * came of it. That it hangs or grows too large is for the parent to see.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { asMoteError } from "../../dist/core/errors.js";
import { stackTrace } from "../stack-trace.mjs";
import { inProcess, wordsOf } from "./commands.mjs";
import { mote } from "./corpus.mjs";
import { layInput } from "./lay-input.mjs";
import { limits } from "./limits.mjs";
import { watchOf } from "./process-facts.mjs";
import { Random } from "./random.mjs";

const { cells, seed, processShare, work } = JSON.parse(process.argv[2]);
process.chdir(work);

/** The cell, input and way of a number: the same for the same seed, whoever does it. */
async function attempt(number, asProcess) {
  const random = new Random(seed, number);
  const cell = cells[number % cells.length];
  const original = cell.paths[Math.floor(number / cells.length) % cell.paths.length];
  const isDrawn = inProcess[cell.command] === undefined || random.chance(processShare);
  const isProcess = isDrawn || asProcess;
  process.send({ kind: "begun", number, isProcess });
  const place = join(work, String(number));
  mkdirSync(join(place, "written"), { recursive: true });
  const { path, bytes } = layInput(original, place, random);
  const finding = isProcess ? await runProcess(cell.command, path, place) : await runHere(cell.command, path, place);
  const writtenBytes = bytesIn(join(place, "written"));
  const tooMuch = writtenBytes > 10 * bytes + limits.writtenBytes;
  return {
    finding: finding ?? (tooMuch ? { kind: "wrote too much", text: `${writtenBytes} bytes from ${bytes}` } : null),
    isProcess,
    place,
  };
}

function bytesIn(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

async function runHere(command, path, place) {
  try {
    await inProcess[command](path, join(place, "written"));
  } catch (error) {
    // As the one place that prints does.
    const told = asMoteError(command, error);
    if (!told || told.isDefect) return { kind: "stack trace", text: String(error?.stack ?? error) };
  }
  return null;
}

/** A command in a process of its own, watched; half way to its end SIGTERM has to end what may go on for as long as it likes. */
function runProcess(command, path, place) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [mote, ...wordsOf(command, path, join(place, "written"))], {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: join(place, "written"),
    });
    let stderr = "";
    let ended = null;
    child.stderr.on("data", (piece) => {
      if (stderr.length < 100_000) stderr += piece;
    });
    const look = watchOf(child.pid, limits);
    const asked = setTimeout(() => child.kill("SIGTERM"), limits.hangMs / 2);
    const watch = setInterval(() => {
      ended ??= look();
      if (ended) child.kill("SIGKILL");
    }, 100);
    child.on("close", () => {
      clearInterval(watch);
      clearTimeout(asked);
      const kind = ended ?? (stackTrace.test(stderr) ? "stack trace" : null);
      resolve(kind && { kind, text: stderr.slice(0, 5000) });
    });
  });
}

process.on("message", async ({ numbers, asProcess = false }) => {
  for (const number of numbers) {
    const { finding, isProcess, place } = await attempt(number, asProcess);
    process.send({ kind: "done", number, finding, isProcess });
    if (!finding) rmSync(place, { recursive: true, force: true });
  }
  process.send({ kind: "idle" });
});
process.on("disconnect", () => process.exit(0));
process.send({ kind: "idle" });
