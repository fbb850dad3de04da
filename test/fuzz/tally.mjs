/** What the inputs came to: counted as they are done, told while it goes on and at the end. */
import { execFileSync } from "node:child_process";
import { processorMsOfAll } from "./process-facts.mjs";

const keptPerKind = 3;
const whole = (value) => Math.round(value).toLocaleString("en-US");
const megabytes = (bytes) => `${whole(bytes / 1e6)} MB`;

/** What findings of one cause have alike: the first line of the trace that is Mote's, or what they did. */
function signature(key, { kind, text }, folder) {
  if (kind !== "stack trace") return `${kind}: ${key}`;
  const [what = ""] = text.split("\n").filter((line) => line.trim() !== "");
  const place = /at .*dist\/((?!core\/errors)[^\s)]+)/.exec(text)?.[1] ?? key;
  return `${kind}: ${what.replaceAll(folder, "").slice(0, 120)} (${place})`;
}

/** The commit that is tried, with a word on what is not committed. */
function commit() {
  try {
    const git = (...words) =>
      execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain") === "" ? "" : " and changes");
  } catch {
    return "unknown";
  }
}

export class Tally {
  inputs = 0;
  findings = 0;
  #seed;
  #folder;
  #startedAtMs = performance.now();
  #cells;
  #kinds = new Map();
  #slowest = { ms: 0, number: undefined };
  #largest = { bytes: 0, number: undefined };
  #cleared = [];

  constructor(cells, seed, folder) {
    this.#seed = seed;
    this.#folder = folder;
    this.#cells = cells.map((cell) => ({ ...cell, inputs: 0, processes: 0, findings: 0 }));
  }

  #cellOf(number) {
    return this.#cells[number % this.#cells.length];
  }

  /** Counts what came of an input; the kind of the finding when it is among the first of its kind. */
  take({ number, finding, isProcess, ms, peak }) {
    const cell = this.#cellOf(number);
    this.inputs++;
    cell.inputs++;
    if (isProcess) cell.processes++;
    if (ms > this.#slowest.ms) this.#slowest = { ms, number };
    if (peak > this.#largest.bytes) this.#largest = { bytes: peak, number };
    if (!finding) return undefined;
    this.findings++;
    cell.findings++;
    const kind = signature(cell.key, finding, this.#folder);
    const seen = this.#kinds.get(kind) ?? { count: 0, numbers: [] };
    this.#kinds.set(kind, seen);
    seen.count++;
    if (seen.numbers.length >= keptPerKind) return undefined;
    seen.numbers.push(number);
    return kind;
  }

  /** An input that ended the process it shared, and did nothing forbidden in one of its own. */
  clear(number, what) {
    this.#cleared.push({ number, what });
  }

  #sums(property) {
    const sums = new Map();
    for (const cell of this.#cells) sums.set(cell[property], (sums.get(cell[property]) ?? 0) + cell.inputs);
    return [...sums].map(([name, inputs]) => `${name} ${whole(inputs)}`).join(", ");
  }

  #pace() {
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    const processor = processorMsOfAll() / 1000;
    const ofProcessor = processor > 0 ? `, ${(this.inputs / processor).toFixed(1)} a second of processor time` : "";
    return `in ${whole(seconds)} s, ${(this.inputs / seconds).toFixed(1)} a second${ofProcessor}`;
  }

  progress() {
    const found = `${this.findings} findings of ${this.#kinds.size} kinds`;
    return `${whole(this.inputs)} inputs ${this.#pace()}; ${found}\n  ${this.#sums("command")}\n  ${this.#sums("format")}`;
  }

  #what(number) {
    return number === undefined ? "none" : `${this.#cellOf(number).key} (--only ${number})`;
  }

  report() {
    const lines = [`${"inputs".padStart(8)}${"processes".padStart(11)}${"findings".padStart(10)}  command, format`];
    for (const { key, inputs, processes, findings } of this.#cells) {
      const figures = [String(inputs).padStart(8), String(processes).padStart(11), String(findings).padStart(10)];
      lines.push(`${figures.join("")}  ${key}`);
    }
    lines.push(`by command: ${this.#sums("command")}`, `by format: ${this.#sums("format")}`);
    lines.push(`${whole(this.inputs)} inputs ${this.#pace()}`);
    lines.push(`slowest: ${whole(this.#slowest.ms)} ms, ${this.#what(this.#slowest.number)}`);
    lines.push(`largest memory: ${megabytes(this.#largest.bytes)}, ${this.#what(this.#largest.number)}`);
    for (const { number, what } of this.#cleared) {
      lines.push(`${what} in a process that others shared, not in its own: ${this.#what(number)}`);
    }
    lines.push(`commit ${commit()}`);
    for (const [kind, { count, numbers }] of this.#kinds) {
      lines.push(`${count} times: ${kind} (--seed ${this.#seed} --only ${numbers[0]})`);
    }
    lines.push(`${this.inputs} inputs, ${this.findings} findings of ${this.#kinds.size} kinds, seed ${this.#seed}`);
    return lines.join("\n");
  }
}
