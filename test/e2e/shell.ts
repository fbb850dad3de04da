/**
 * Runs command lines in a fresh folder: `run` a shell line with `mote` and `wait-for` on the PATH, as a user would; `mote` a
 * single command within this process, where no process is the point. Needs the build.
 */
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type * as Main from "../../src/core/cli/main.js";
import type * as Terminal from "../../src/core/cli/terminal.js";

export const root = resolve(".");
const bin = mkdtempSync(join(tmpdir(), "mote-bin-"));
symlinkSync(resolve("bin/mote.js"), join(bin, "mote"));
symlinkSync(resolve("test/e2e/wait-for.sh"), join(bin, "wait-for"));

export interface Shell {
  readonly folder: string;
  /**
   * Runs a command of mote that touches neither stdin nor, with frames, stdout. Words are split at spaces, or given as a list. One
   * at a time: the process has one working directory.
   */
  mote(words: string | readonly string[]): Promise<Finished>;
  run(line: string, given?: { readonly input?: string | Uint8Array; readonly cwd?: string }): Promise<Finished>;
}

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const environment: Record<string, string> = { PATH: `${bin}:${process.env.PATH ?? ""}` };

// The build, as the processes run it: its threads are plain JavaScript.
const build = new URL("../../dist/core/cli/", import.meta.url).href;
const { runCommandLine } = (await import(/* @vite-ignore */ `${build}main.js`)) as typeof Main;
const { listenTo } = (await import(/* @vite-ignore */ `${build}terminal.js`)) as typeof Terminal;

/** The words of a line that means the same in every shell. */
function wordsOf(line: string): string[] {
  if (/[|&;<>()$`\\"'*?[\]#~%{}\n]/.test(line)) throw new Error(`a shell would change ${line}`);
  return line.split(" ").filter((word) => word !== "");
}

export function openShell(name: string): Shell {
  const folder = mkdtempSync(join(tmpdir(), `mote-${name}-`));
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    async mote(words) {
      const said = { 1: "", 2: "" };
      const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
      const before = process.cwd();
      process.chdir(folder);
      try {
        const code = await listenTo(
          (fd, bytes) => {
            said[fd] += decoders[fd].decode(bytes, { stream: true });
          },
          () => runCommandLine(typeof words === "string" ? wordsOf(words) : words),
        );
        return { code, out: said[1].replace(/\n$/, ""), err: said[2].replace(/\n$/, "") };
      } finally {
        process.chdir(before);
      }
    },
    async run(line, given = {}) {
      const result = await execa("bash", ["-o", "pipefail", "-c", line], {
        cwd: given.cwd ?? folder,
        env: environment,
        reject: false,
        timeout: 60_000,
        ...(given.input === undefined ? { stdin: "ignore" } : { input: given.input }),
      });
      return {
        code: result.exitCode ?? (result.signal ? 128 : -1),
        out: String(result.stdout),
        err: String(result.stderr),
      };
    },
  };
}
