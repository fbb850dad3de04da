/** Starts programs with test/faulty-files.mjs in front: file systems that fail by rule. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Explained in test/faulty-files.mjs. */
export interface FaultRule {
  readonly call: "write" | "sync" | "truncate" | "rename" | "open";
  readonly path?: string;
  readonly from?: number;
  readonly times?: number;
  readonly error?: "ENOSPC" | "EIO" | "EDQUOT" | "EROFS" | "EMFILE";
  readonly short?: number;
  readonly dies?: true;
}

const preload = pathToFileURL(join(import.meta.dirname, "faulty-files.mjs")).href;

/** What a program's environment needs beside its own for its files to fail so; each fault leaves a line in `log`. */
export function faultyEnvironment(rules: readonly FaultRule[], log = ""): Record<string, string> {
  return { NODE_OPTIONS: `--import=${preload}`, FAULTY_FILES: JSON.stringify(rules), FAULTY_FILES_LOG: log };
}

/** The faults that happened: "write /tmp/run.h5". */
export function faultsIn(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
}
