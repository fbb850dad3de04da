/** Runs that are spoken to: processes of their own in a folder that is their XDG_RUNTIME_DIR, and clients that write what they like. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { until } from "../until.js";
import { root } from "./shell.js";

export interface SpokenProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it said on stderr so far. */
  err(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
}

/** `mote WORDS` in `folder`; killed when the test ends, if it is still there. */
export function startMote(folder: string, words: string, env: Record<string, string> = {}): SpokenProcess {
  const child = spawn(process.execPath, [join(root, "bin/mote.js"), ...words.split(" ")], {
    cwd: folder,
    env: { ...process.env, XDG_RUNTIME_DIR: folder, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<{ code: number | null; err: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, err }));
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return { pid: child.pid!, kill: (signal) => child.kill(signal), err: () => err, ended };
}

export function socketOf(folder: string, name: string): string {
  return join(folder, "mote", `${name}.sock`);
}

/** The run listens and goes. */
export async function untilSpoken(path: string): Promise<Client> {
  // Between its name and its first listening a socket refuses, as that of a killed run does.
  const client = (await until(() => speakTo(path).catch(() => undefined), { what: `a run that listens at ${path}` }))!;
  await until(async () => (await client.ask({ request: "status" })).ok === true, { what: "a run that goes" });
  return client;
}

export interface Answer {
  readonly id: unknown;
  readonly ok: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it
  readonly result: any;
  readonly errors: readonly { readonly code: string; readonly where: string; readonly what: string }[];
  readonly [field: string]: unknown;
}

export interface Client {
  /** Lines that came, answers or not. */
  readonly lines: readonly Answer[];
  /** Writes these bytes as they are. */
  write(text: string): void;
  /** Writes one request, and waits for the next line. */
  ask(request: object | string): Promise<Answer>;
  /** Reads nothing from now on. */
  stopReading(): void;
  isClosed(): boolean;
  close(): void;
}

export async function speakTo(path: string): Promise<Client> {
  const socket = connect({ path });
  await new Promise<void>((connected, reject) => {
    socket.once("connect", connected);
    socket.once("error", reject);
  });
  const lines: Answer[] = [];
  let rest = "";
  let isClosed = false;
  socket.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts.map((line) => JSON.parse(line) as Answer));
  });
  socket.on("error", () => {});
  socket.once("close", () => {
    isClosed = true;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    lines,
    write: (text) => socket.write(text),
    async ask(request) {
      const before = lines.length;
      socket.write(`${typeof request === "string" ? request : JSON.stringify(request)}\n`);
      return until(() => lines[before], { what: `an answer to ${JSON.stringify(request)}` });
    },
    stopReading: () => socket.pause(),
    isClosed: () => isClosed,
    close: () => socket.destroy(),
  };
}
