/**
 * Gives mutated inputs of every format to every command that reads them: node test/fuzz/fuzz.mjs [--seed N] [--seconds N]
 * [--inputs N] [--workers N] [--process-share P] [--only N] [--cells TEXT] [--keep FOLDER]
 * [--corpus FOLDER, used again when it is there]. Built first. Exit code 1 when an
 * input ended in a stack trace, hung, or took more memory or disk than it may; such inputs are kept in FOLDER, and each can
 * be tried again with --seed and --only.
 */
import { fork } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cellsOf, makeCorpus } from "./corpus.mjs";
import { limits } from "./limits.mjs";
import { watchOf } from "./process-facts.mjs";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(process.hrtime.bigint() % 2n ** 31n) },
    seconds: { type: "string", default: "60" },
    inputs: { type: "string", default: "1000000000" },
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
const lastNumber = only === undefined ? Number(values.inputs) : only + 1;
/** A process forgets what libraries left in it after so many inputs. */
const inputsPerProcess = 3000;
const batch = only === undefined ? 20 : 1;
const keptPerKind = 3;

const folder = mkdtempSync(join(tmpdir(), "mote-fuzz-"));
const corpus = values.corpus ?? join(folder, "corpus");
const entries = makeCorpus(resolve(corpus));
const endsAtMs = performance.now() + Number(values.seconds) * 1000;
const all = cellsOf(entries);
const cells = values.cells === "" ? all : all.filter(({ key }) => new RegExp(values.cells).test(key));
const perCell = new Map(cells.map(({ key }) => [key, { inputs: 0, processes: 0, findings: 0 }]));
const kinds = new Map();
/** What killed a process that others share: tried again in one of its own, where a command has its thread and its limits. */
const doubted = [];
let next = only ?? 0;
let inputs = 0;

console.log(`seed ${seed}, ${cells.length} pairs of command and format`);

/** Counts what came of an input, and keeps it when it is among the first of its kind. */
function take(number, finding, isProcess, work) {
  const cell = cells[number % cells.length];
  const count = perCell.get(cell.key);
  inputs++;
  count.inputs++;
  if (isProcess) count.processes++;
  if (!finding) return;
  count.findings++;
  const kind = signature(cell.key, finding);
  const seen = kinds.get(kind) ?? { count: 0, numbers: [], text: finding.text };
  kinds.set(kind, seen);
  seen.count++;
  const place = join(work, String(number));
  if (seen.numbers.length < keptPerKind) {
    seen.numbers.push(number);
    const choice = values.cells === "" ? "" : ` --cells '${values.cells}'`;
    console.log(`${kind}\n  again: --seed ${seed} --only ${number}${choice}`);
    if (only !== undefined) console.log(finding.text);
    if (values.keep && existsSync(place)) {
      mkdirSync(values.keep, { recursive: true });
      cpSync(place, join(values.keep, `${seed}-${number}`), { recursive: true });
    }
  }
  rmSync(place, { recursive: true, force: true });
}

/** What findings of one cause have alike: the first line of the trace that is Mote's, or what they did. */
function signature(key, { kind, text }) {
  if (kind !== "stack trace") return `${kind}: ${key}`;
  const [what = ""] = text.split("\n").filter((line) => line.trim() !== "");
  const place = /at .*dist\/((?!core\/errors)[^\s)]+)/.exec(text)?.[1] ?? key;
  return `${kind}: ${what.replaceAll(folder, "").slice(0, 120)} (${place})`;
}

/** A process that works until it is time for a fresh one; it may be killed on the way. */
function work(index) {
  const place = mkdtempSync(join(folder, `work-${index}-`));
  const plan = { cells, seed, processShare: Number(values["process-share"]), work: place };
  const child = fork(new URL("./child.mjs", import.meta.url), [JSON.stringify(plan)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
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
    killedFor ??= current === null ? null : look();
    if (killedFor) child.kill("SIGKILL");
  }, 200);
  child.on("message", (message) => {
    if (message.kind === "begun") {
      current = message.number;
      isCurrentProcess = message.isProcess;
      look = watchOf(child.pid, limits);
    } else if (message.kind === "done") {
      current = null;
      done++;
      take(message.number, message.finding, message.isProcess, place);
    } else if (doubted.length > 0) child.send({ numbers: [doubted.pop()], asProcess: true });
    else if (performance.now() > endsAtMs || next >= lastNumber || done >= inputsPerProcess) child.disconnect();
    else {
      const numbers = Array.from({ length: Math.min(batch, lastNumber - next) }, (_, i) => next + i);
      next += numbers.length;
      child.send({ numbers });
    }
  });
  return new Promise((resolve) => {
    child.on("exit", () => {
      clearInterval(watch);
      if (current !== null && !isCurrentProcess) doubted.push(current);
      else if (current !== null) take(current, { kind: killedFor ?? "died", text: errors }, false, place);
      rmSync(place, { recursive: true, force: true });
      resolve();
    });
  });
}

async function workOn(index) {
  while ((performance.now() < endsAtMs && next < lastNumber) || doubted.length > 0) await work(index);
}

await Promise.all(Array.from({ length: only === undefined ? Number(values.workers) : 1 }, (_, index) => workOn(index)));
rmSync(folder, { recursive: true, force: true });

const findings = [...kinds.values()].reduce((sum, { count }) => sum + count, 0);
console.log(`\n${"inputs".padStart(8)}${"processes".padStart(11)}${"findings".padStart(10)}  command, format`);
for (const [key, count] of perCell) {
  const figures = [
    String(count.inputs).padStart(8),
    String(count.processes).padStart(11),
    String(count.findings).padStart(10),
  ];
  console.log(`${figures.join("")}  ${key}`);
}
for (const [kind, { count, numbers }] of kinds)
  console.log(`${count} times: ${kind} (--seed ${seed} --only ${numbers[0]})`);
console.log(`${inputs} inputs, ${findings} findings of ${kinds.size} kinds, seed ${seed}`);
process.exitCode = findings > 0 ? 1 : 0;
