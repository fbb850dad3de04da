/**
 * A Python that has imported its packages and answers questions, each in a process of its own: importing them takes longer than
 * most answers. It ends with the process that asks.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { python } from "../../judges.js";

export interface PythonAnswer {
  /** That with which Python would have ended; below 0 the signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Both ends of a new pipe, which wait, and which no other process gets unasked. */
function openPipe(): { readonly reading: number; readonly writing: number } {
  const folder = mkdtempSync(join(tmpdir(), "mote-pipe-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const both = openSync(path, "r+");
  const ends = { reading: openSync(path, "r"), writing: openSync(path, "w") };
  closeSync(both);
  rmSync(folder, { recursive: true });
  return ends;
}

export class PythonJudge {
  #asking: number | undefined;
  #answers: number | undefined;

  /** `imports` is what every question begins with, `options` are Python's own. */
  constructor(imports: string, options: readonly string[] = []) {
    if (!python) return;
    const [questions, answers] = [openPipe(), openPipe()];
    const script = join(import.meta.dirname, "python-judge.py");
    spawn(python, [...options, script, imports], { stdio: [questions.reading, answers.writing, "ignore"] })
      .on("error", () => {})
      .unref();
    closeSync(questions.reading);
    closeSync(answers.writing);
    this.#asking = questions.writing;
    this.#answers = answers.reading;
  }

  /** Whether there is a Python that has the packages. */
  get isThere(): boolean {
    return (
      this.#asking !== undefined && this.#status({ source: "", args: [], said: "/dev/null", told: "/dev/null" }) === 0
    );
  }

  /** Runs `source` with `sys.argv[1:]` set to `args`. */
  ask(source: string, args: readonly string[]): PythonAnswer {
    const folder = mkdtempSync(join(tmpdir(), "mote-judge-"));
    const [said, told] = [join(folder, "said"), join(folder, "told")];
    try {
      const status = this.#status({ source, args, said, told });
      if (status === undefined) throw new Error("MOTE_PYTHON names no Python that has the packages of test/judges.txt");
      return { status, stdout: readFileSync(said, "utf8"), stderr: readFileSync(told, "utf8") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Undefined when there is nobody who answers. */
  #status(question: object): number | undefined {
    if (this.#asking === undefined || this.#answers === undefined) return undefined;
    try {
      const line = Buffer.from(`${JSON.stringify(question)}\n`);
      for (let at = 0; at < line.length; ) at += writeSync(this.#asking, line, at);
    } catch (error) {
      if ((error as { code?: string }).code === "EPIPE") return undefined;
      throw error;
    }
    const room = Buffer.alloc(64);
    for (let length = 0; ; ) {
      const read = readSync(this.#answers, room, length, room.length - length, null);
      if (read === 0) return undefined;
      length += read;
      if (room[length - 1] === 10) return Number(room.toString("latin1", 0, length));
    }
  }
}
