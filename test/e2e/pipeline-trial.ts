/**
 * A shell pipeline of Mote processes in a process group of its own, to which signals are sent at a drawn moment: when a
 * process has written so many bytes (/proc, Linux), so that nothing else has to stand in the pipeline for it. And what each
 * process says at its end, as far as its books balance.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isLoss } from "../../src/core/model/run-report.js";
import { until } from "../until.js";
import { environment, root } from "./shell.js";

/** Copies at a rate, bytes a second, and is not interrupted. */
export const slowly = (bytesPerS: number) => `node ${root}/test/e2e/slowly.mjs ${Math.round(bytesPerS)}`;

/** One `mote` whose process, report and, in a process substitution, exit code are found by its name. */
export const mote = (name: string, line: string) =>
  `(echo $BASHPID >${name}.pid; exec mote ${line} --json 2>${name}.json)`;

/** `tee` to an archive of its own, neither of them interrupted by what interrupts the shell. */
export const teeTo = (name: string, line: string) =>
  `env --ignore-signal=INT,TERM tee -p >(trap : INT TERM; ${mote(name, line)}; echo $? >${name}.code)`;

export interface Report {
  readonly lost: number;
  readonly isComplete: boolean;
  readonly losses: readonly string[];
  readonly stages: readonly {
    readonly stage: string;
    readonly in: number;
    readonly out: number;
    readonly failed: number;
    readonly dropped: Readonly<Record<string, number>>;
    readonly summary: Readonly<Record<string, unknown>>;
  }[];
}

/** What a process said last, and what it should have exited with after saying so. */
export interface LastWord {
  /** Without stages where a signal or an empty stream came before the process had opened anything. */
  readonly report: Report;
  readonly code: number;
  /** The error that it told. */
  readonly failure: unknown;
  /** Frames lost by the stages of this very process: its last ones, as many as it has. */
  readonly ownLost: (stages: number) => number;
}

/** As a shell says that SIGINT or SIGTERM ended a program that had not got so far as to hear it. */
const diedCodes = [130, 143];
const nothing: Report = { lost: 0, isComplete: false, losses: [], stages: [] };

/** Throws where a report is missing, though no signal ended the process before it began, or its books do not balance. */
export function lastWord(folder: string, name: string, exitCode: number | undefined): LastWord {
  const text = readFileSync(join(folder, `${name}.json`), "utf8");
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  const said = lines.map((line) => JSON.parse(line) as { kind: string; exitCode: number });
  const failure = said.findLast(({ kind }) => kind === "error");
  const hasBegun = said.some(({ kind }) => kind === "report");
  if (!hasBegun && !failure && !diedCodes.includes(exitCode!)) throw new Error(`${name} made no report: ${text}`);
  const report = (said.findLast(({ kind }) => kind === "report") as Report | undefined) ?? nothing;
  for (const { stage, in: came, out, dropped, failed } of report.stages) {
    const gone = Object.values(dropped).reduce((sum, frames) => sum + frames, failed);
    if (came !== out + gone) throw new Error(`${name}: of ${came} frames in ${stage}, ${out} out and ${gone} dropped`);
  }
  if (report.lost > 0 && report.losses.length === 0) throw new Error(`${name}: ${report.lost} lost, no word of it`);
  const ended = report.losses.length > 0 ? 3 : 0;
  return {
    report,
    failure,
    code: failure?.exitCode ?? (hasBegun ? ended : exitCode!),
    ownLost(stages) {
      let lost = 0;
      for (const { dropped, failed } of report.stages.slice(-stages))
        for (const [why, frames] of [...Object.entries(dropped), ["failed", failed] as const])
          if (isLoss(why)) lost += frames;
      return lost;
    },
  };
}

export interface Pipeline {
  /** The process `name` has written so many bytes, to pipes and files. */
  wrote(name: string, bytes: number): Promise<void>;
  /** To one process, or to the whole group, as a terminal does. */
  signal(to: string | "all", signal: NodeJS.Signals): void;
  /** The exit codes of the pipeline's parts in order, once it is over; also those of its process substitutions. */
  ended(substitutions: readonly string[]): Promise<{ readonly parts: readonly number[]; of(name: string): number }>;
  /** Ends what is left of the group. */
  kill(): void;
}

export function startPipeline(folder: string, line: string): Pipeline {
  const script = `trap : INT TERM; ${line}; echo "\${PIPESTATUS[*]}" >codes`;
  const shell = spawn("bash", ["-c", script], {
    cwd: folder,
    env: { ...process.env, ...environment },
    detached: true,
    stdio: "ignore",
  });
  const over = new Promise<void>((resolve) => shell.on("exit", () => resolve()));
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  const group = shell.pid!;
  const number = (file: string) => Number(readFileSync(join(folder, file), "utf8"));

  /** Bytes written so far; what has ended writes no more, so it is no reason to wait. */
  function written(name: string): number {
    // The file is there before the number is in it.
    const pid = existsSync(join(folder, `${name}.pid`)) ? number(`${name}.pid`) : 0;
    if (pid === 0) return 0;
    try {
      return Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))![1]);
    } catch (error) {
      return (error as { code?: string }).code ? Number.POSITIVE_INFINITY : 0;
    }
  }

  return {
    async wrote(name, bytes) {
      await until(() => isOver || written(name) >= bytes, { what: `${bytes} bytes written by ${name}` });
    },
    signal(to, signal) {
      try {
        process.kill(to === "all" ? -group : number(`${to}.pid`), signal);
      } catch (error) {
        if ((error as { code?: string }).code !== "ESRCH") throw error;
      }
    },
    async ended(substitutions) {
      // What waits behind a slow reader is delivered, however long that takes.
      await until(() => isOver, { what: "the end of the pipeline", withinMs: 170_000 });
      for (const name of substitutions)
        await until(() => existsSync(join(folder, `${name}.code`)) && number(`${name}.code`) >= 0, {
          what: `the end of ${name}`,
        });
      return {
        parts: readFileSync(join(folder, "codes"), "utf8").trim().split(" ").map(Number),
        of: (name) => number(`${name}.code`),
      };
    },
    kill() {
      try {
        process.kill(-group, "SIGKILL");
      } catch {
        // All of it has ended.
      }
    },
  };
}

/** How many frames, with their detections where the stream has them, lie whole in the first bytes of a stream. */
export function wholeFrames(stream: Buffer, bytes = stream.length): number {
  let frames = 0;
  let hasDetections = false;
  for (let at = 16; at + 40 <= bytes; ) {
    const kind = stream[at + 4];
    const next = at + 40 + stream.readUInt32LE(at + 8) + Number(stream.readBigUInt64LE(at + 16));
    if (next > bytes) break;
    if (kind === 1) hasDetections = JSON.parse(stream.toString("utf8", at + 40, next)).detections !== null;
    if (kind === (hasDetections ? 3 : 2)) frames++;
    at = next;
  }
  return frames;
}
