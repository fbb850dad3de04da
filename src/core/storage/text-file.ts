/** Reads a small text file that a user named. */
import { readFileSync, statSync } from "node:fs";
import { MoteError, reason, refusal } from "../errors.js";

/** A run file or an option file has a few kilobytes; more is a wrong file. */
const mostBytes = 16 * 1024 * 1024;

export function readTextFile(where: string, path: string): string {
  try {
    const { size } = statSync(path);
    if (size > mostBytes) throw refusal(`${where}, ${path}`, `expected a small JSON file, got ${size} bytes`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw refusal(`${where}, ${path}`, `cannot be read: ${reason(error)}`, undefined, error);
  }
}
