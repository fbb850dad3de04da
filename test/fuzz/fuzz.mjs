/**
 * Gives mutated inputs of every format to every command that reads them: node test/fuzz/fuzz.mjs [--seed N] [--seconds N]
 * [--inputs N] [--workers N] [--process-share P] [--only N] [--cells TEXT] [--keep FOLDER]
 * [--corpus FOLDER, used again when it is there]. Built first. It ends after the seconds or the inputs, whichever is first;
 * with --inputs alone after those. Exit code 1 when an input ended in a stack trace, hung, or took more memory or disk than it
 * may; such inputs are kept in FOLDER, and each can be tried again with --seed and --only. How far it is goes to stderr every
 * minute; SIGINT and SIGTERM end it with the counts so far.
 */
import { fork } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cellsOf, makeCorpus } from "./corpus.mjs";
import { bytesIn, makeScratch } from "./folders.mjs";
import { limits, mayWrite } from "./limits.mjs";
import { watchOf } from "./process-facts.mjs";
import { Tally } from "./tally.mjs";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(process.hrtime.bigint() % 2n ** 31n) },
    seconds: { type: "string" },
    inputs: { type: "string" },
    workers: { type: "string", default: "2" },
    "process-share": { type: "string", default: "0.01" },
    only: { type: "string" },
    cells: { type: "string", default: "" },
    keep: { type: "string" },
    corpus: { type: "string" },
  },
});
const seed = Number(values.seed);
const only = values.only === undefined ? undefined : Number(values.only);
const lastNumber = only === undefined ? Number(values.inputs ?? Number.POSITIVE_INFINITY) : only + 1;
const seconds = Number(values.seconds ?? (values.inputs === undefined ? 60 : Number.POSITIVE_INFINITY));
/** How many go through a process of their own: a run that --config describes goes on only there. */
const others = Number(values["process-share"]);
const processShares = { config: Math.max(0.1, others), others };
/** A process forgets what libraries left in it after so many inputs. */
const inputsPerProcess = 3000;
const batch = only === undefined ? 20 : 1;

const folder = makeScratch();
const corpus = values.corpus ?? join(folder, "corpus");
const all = cellsOf(makeCorpus(resolve(corpus)));
const cells = values.cells === "" ? all : all.filter(({ key }) => new RegExp(values.cells).test(key));
const endsAtMs = performance.now() + seconds * 1000;
const tally = new Tally(cells, seed, folder);
/** What ended a process that others share: tried again in one of its own, where a command has its thread and its limits. */
const doubted = [];
/** Numbers that a process had been given and did not come to. */
const returned = [];
let next = only ?? 0;
/** The signal that ends it all. */
let stopped;
const children = new Set();

console.log(`seed ${seed}, ${cells.length} pairs of command and format`);

/** Counts what came of an input, and keeps it when it is among the first of its kind. */
function take(done, work) {
  const { number, finding } = done;
  const kind = tally.take(done);
  const place = join(work, String(number));
  if (kind !== undefined) {
    const choice = values.cells === "" ? "" : ` --cells '${values.cells}'`;
    const again = `--seed ${seed} --only ${number}${choice}`;
    console.log(`${kind}\n  again: ${again}`);
    if (only !== undefined) console.log(finding.text);
    if (values.keep && existsSync(place)) {
      const kept = join(values.keep, `${seed}-${number}`);
      mkdirSync(values.keep, { recursive: true });
      cpSync(place, kept, { recursive: true, filter: (path) => path !== join(place, "written") });
      writeFileSync(join(kept, "again.txt"), `node test/fuzz/fuzz.mjs ${again}\n${kind}\n\n${finding.text}\n`);
    }
  }
  if (finding) rmSync(place, { recursive: true, force: true });
}

function hasMore() {
  if (stopped) return false;
  return doubted.length > 0 || (performance.now() < endsAtMs && (returned.length > 0 || next < lastNumber));
}

/** The next numbers to do. */
function portion() {
  const numbers = returned.splice(0, batch);
  while (numbers.length < batch && next < lastNumber) numbers.push(next++);
  return numbers;
}

/** A process that works until it is time for a fresh one; it may be killed on the way. */
function work(index) {
  const place = mkdtempSync(join(folder, `work-${index}-`));
  const plan = { cells, seed, processShares, work: place };
  const child = fork(new URL("./child.mjs", import.meta.url), [JSON.stringify(plan)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  children.add(child);
  let given = [];
  let trial;
  let current = null;
  let isCurrentProcess = false;
  let look = () => null;
  let done = 0;
  let killedFor = null;
  let errors = "";
  child.stderr.on("data", (piece) => {
    errors = (errors + piece).slice(-5000);
  });

  const watch = setInterval(() => {
    killedFor ??= current === null ? null : (look() ?? written());
    if (killedFor) child.kill("SIGKILL");
  }, 100);

  function written() {
    const own = join(place, String(current));
    const bytes = bytesIn(join(own, "written"));
    // Small files are not worth a look at the input.
    return bytes > limits.writtenBytes && bytes > mayWrite(bytesIn(own) - bytes) ? "wrote too much" : null;
  }

  function doubt(number, what) {
    doubted.push({ number, what });
  }

  child.on("message", (message) => {
    if (message.kind === "begun") {
      current = message.number;
      isCurrentProcess = message.isProcess;
      // What it started is watched by itself, and is to come to its end first.
      look = watchOf(child.pid, isCurrentProcess ? { ...limits, hangMs: 2 * limits.hangMs } : limits, true);
    } else if (message.kind === "done") {
      current = null;
      done++;
      given = given.filter((number) => number !== message.number);
      if (!message.isProcess && message.peak > limits.residentBytes) {
        doubt(message.number, "memory");
        child.kill("SIGKILL");
        return;
      }
      take(message, place);
      if (trial && !message.finding) tally.clear(message.number, trial.what);
      trial = undefined;
    } else if (!hasMore() || (done >= inputsPerProcess && doubted.length === 0)) child.disconnect();
    else {
      trial = doubted.pop();
      given = trial ? [trial.number] : portion();
      child.send({ numbers: given, asProcess: trial !== undefined });
    }
  });
  return new Promise((resolve) => {
    child.on("exit", () => {
      clearInterval(watch);
      children.delete(child);
      const rest = given.filter((number) => number !== current);
      returned.push(...rest);
      if (current !== null && !stopped) {
        const what = killedFor ?? "died";
        if (isCurrentProcess) {
          take({ number: current, finding: { kind: what, text: errors }, isProcess: true, ms: 0, peak: 0 }, place);
        } else doubt(current, errors === "" ? what : `${what} (${errors.trim().split("\n")[0]})`);
      }
      rmSync(place, { recursive: true, force: true });
      resolve();
    });
  });
}

async function workOn(index) {
  while (hasMore()) await work(index);
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    stopped = signal;
    for (const child of children) child.kill("SIGTERM");
    // One that is busy hears nothing.
    setTimeout(() => {
      for (const child of children) child.kill("SIGKILL");
    }, 1000).unref();
  });
}
const told = setInterval(() => console.error(tally.progress()), 60_000);

await Promise.all(Array.from({ length: only === undefined ? Number(values.workers) : 1 }, (_, index) => workOn(index)));
clearInterval(told);
rmSync(folder, { recursive: true, force: true });
console.log(`\n${stopped ? `ended by ${stopped}\n` : ""}${tally.report()}`);
process.exitCode = stopped ? 128 + constants.signals[stopped] : tally.findings > 0 ? 1 : 0;
