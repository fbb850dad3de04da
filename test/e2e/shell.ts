/** Runs a shell line in a fresh folder with `mote` and `wait-for` on the PATH, as a user would; needs the build. */
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";

export const root = resolve(".");
const bin = mkdtempSync(join(tmpdir(), "mote-bin-"));
symlinkSync(resolve("bin/mote.js"), join(bin, "mote"));
symlinkSync(resolve("test/e2e/wait-for.sh"), join(bin, "wait-for"));

export interface Shell {
  readonly folder: string;
  run(line: string, given?: { readonly input?: string | Uint8Array; readonly cwd?: string }): Promise<Finished>;
}

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const environment: Record<string, string> = { PATH: `${bin}:${process.env.PATH ?? ""}` };

export function openShell(name: string): Shell {
  const folder = mkdtempSync(join(tmpdir(), `mote-${name}-`));
  mkdirSync(folder, { recursive: true });
  return {
    folder,
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
