/** Listens on a socket in the file system for one connection; a socket that somebody listens on is left alone. */

import { once } from "node:events";
import { lstatSync, readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { resolve } from "node:path";
import { codeOf, failure, MoteError, reason, refusal } from "../errors.js";
import type { Holder, Holding } from "../held.js";
import { takeLock } from "../storage/claim/lock.js";
import { identityOf, removeDeadSocket } from "../storage/claim/removal.js";
import { socketPathProblem } from "./socket-path.js";

/** The descriptor of a connected socket. Node's stream on top of it is never read, so the bytes stay for whoever owns the descriptor. */
export function descriptorOf(socket: Socket): number {
  const fd = (socket as unknown as { _handle: { fd: number } | null })._handle?.fd;
  if (fd === undefined || fd < 0) throw new Error("this Node does not tell a socket's descriptor");
  socket.unref();
  return fd;
}

/**
 * Waits for one connection; refuses (exit code 2) where anything but a socket that nobody listens on any more has the name.
 * While it waits, the socket's file and its lock are entered at `holder`: they outlive a process that is ended meanwhile.
 */
export async function acceptOne(where: string, path: string, holder: Holder): Promise<number> {
  const place = `${where}, --input unix:${path}`;
  // A run that listens takes one connection: it would take the question whether it is there for that one.
  return withSocketName({ place, path, who: where, holder }, () => accept(place, path, holder));
}

export interface SocketName {
  /** For complaints. */
  readonly place: string;
  readonly path: string;
  /** Who is going to listen there, for those who find the name taken. */
  readonly who: string;
  readonly holder: Holder;
}

/**
 * Calls `listen` while nobody else may come to listen there, and the socket that a killed run left is gone; refuses (exit code 2)
 * where anything else has the name, or the path is no socket's.
 */
export async function withSocketName<Value>(
  { place, path, who, holder }: SocketName,
  listen: () => Promise<Value>,
): Promise<Value> {
  const problem = socketPathProblem(place, path);
  if (problem) throw new MoteError(problem, { exitCode: 2 });
  try {
    const lock = takeLock(place, path, who);
    const held = holder.hold(`the lock of ${path}`, () => lock.release(), "survives");
    try {
      await removeIfDead(place, path);
      return await listen();
    } finally {
      holder.release(held);
    }
  } catch (error) {
    throw cannotListen(place, error);
  }
}

/**
 * Listens until it is closed, for any number of connections; refuses as `acceptOne` does. The socket's file is entered at
 * `holder`. `stage` is for those whom the lock refuses meanwhile.
 */
export async function listenOn(
  place: string,
  stage: string,
  path: string,
  holder: Holder,
  hear: (socket: Socket) => void,
): Promise<{ close(): void }> {
  try {
    const lock = takeLock(place, path, stage);
    const held = holder.hold(`the lock of ${path}`, () => lock.release(), "survives");
    try {
      await removeIfDead(place, path);
      const { server, holding } = listen(path, holder, hear);
      await once(server, "listening");
      server.on("error", () => {});
      server.unref();
      return { close: () => holder.release(holding) };
    } finally {
      holder.release(held);
    }
  } catch (error) {
    throw cannotListen(place, error);
  }
}

function accept(place: string, path: string, holder: Holder): Promise<number> {
  return new Promise((accepted, reject) => {
    const { server, holding } = listen(path, holder, (socket) => {
      socket.on("error", () => {});
      holder.release(holding);
      try {
        accepted(descriptorOf(socket));
      } catch (error) {
        reject(failure(codeOf(error), place, reason(error), undefined, error));
      }
    });
    server.on("error", reject);
  });
}

/** With the server the socket goes from the file system. */
function listen(path: string, holder: Holder, hear: (socket: Socket) => void): { server: Server; holding: Holding } {
  const server = createServer({ pauseOnConnect: true }, hear);
  const holding = holder.hold(`unix:${path}`, () => server.close(), "survives");
  server.once("error", () => holder.takeOver(holding));
  server.listen(path);
  return { server, holding };
}

function cannotListen(place: string, error: unknown): MoteError {
  if (error instanceof MoteError) return error;
  return refusal(codeOf(error), place, `cannot listen: ${reason(error)}`, undefined, error);
}

/** What a killed run left refuses connections; anything else is left alone, and listening then says why not. */
async function removeIfDead(place: string, path: string): Promise<void> {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!there?.isSocket()) return;
  const answer = isListedListener(path) ? "connected" : await knock(path);
  if (answer === "ENOENT") return;
  if (answer !== "ECONNREFUSED") {
    const what = answer === "connected" ? "another program listens there" : `may be another program's: ${answer}`;
    throw refusal("in-use", place, what, `Choose another path, or end that program; if there is none: rm '${path}'`);
  }
  removeDeadSocket(path, identityOf(there));
}

/**
 * Whether Linux lists somebody who listens there (proc_net_unix(5)): known without a word to him, since a program that takes
 * one connection would take ours. He may have given the path from a folder of his own.
 */
function isListedListener(path: string): boolean {
  const full = resolve(path);
  let table: string;
  try {
    table = readFileSync("/proc/net/unix", "utf8");
  } catch {
    return false;
  }
  return table.split("\n").some((line) => {
    const [, , , flags, , , , ...rest] = line.split(" ").filter((word) => word !== "");
    const bound = rest.join(" ").replace(/^\.\//, "");
    const isListening = (Number.parseInt(flags ?? "0", 16) & acceptsConnections) !== 0;
    return isListening && bound !== "" && (full === bound || full.endsWith(`/${bound}`));
  });
}

/** __SO_ACCEPTCON of Linux' include/linux/net.h. */
const acceptsConnections = 0x10000;
const farewellMs = 500;

/** "connected", or the system's word why not. Whoever answers is heard out, so that leaving is no error to him. */
function knock(path: string): Promise<string> {
  return new Promise((tell) => {
    const socket = connect({ path });
    let answer = "connected";
    const patience = setTimeout(() => socket.destroy(), farewellMs);
    socket.once("connect", () => socket.end());
    socket.on("error", (error: NodeJS.ErrnoException) => {
      answer = error.code ?? error.message;
    });
    socket.once("close", () => {
      clearTimeout(patience);
      tell(answer);
    });
    socket.resume();
  });
}
