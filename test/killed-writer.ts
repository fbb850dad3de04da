/** Runs one of the writers that never end (test/core/storage/*-endless.mjs and the like), kills it, and hears its last word. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { momentWithin, until } from "./until.js";

export interface Kill {
  /** What the writer has said when the time begins, such as its first count; a writer that has said anything without it. */
  readonly heard?: string;
  /** The kill comes at a moment in so many milliseconds. */
  readonly withinMs: number;
  readonly random: () => number;
}

/** The last whole line the writer said. Without `kill` it is left to die by itself, as under a rule of faulty-files. */
export async function lastWordOf(
  words: readonly string[],
  kill?: Kill,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(process.execPath, words, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  let said = "";
  child.stdout.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  const ended = once(child, "close");
  if (kill) {
    const { heard = "\n", withinMs, random } = kill;
    await until(() => said.includes(heard) || child.exitCode !== null, { what: `the first words of ${words[0]}` });
    await momentWithin(withinMs, random);
    child.kill("SIGKILL");
  }
  await ended;
  return said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1)!;
}
