/**
 * Where a frame stream comes from and goes to: `-` (stdin, stdout), a file, a named pipe, or `unix:/path`. A reader of
 * `unix:` listens and takes one connection; a writer connects, and waits a while for the reader to be there.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { connect } from "node:net";
import { isatty } from "node:tty";
import { failure, MoteError, type Problem, reason, refusal } from "../errors.js";
import { type Claim, claimName, claimProblem } from "../storage/claim/claim.js";
import { isContainer, mistakenFormat } from "../storage/container-for.js";
import { msSince, now } from "../time.js";
import { acceptOne, descriptorOf } from "./listen.js";

/** Long enough to start the other side by hand. */
const connectPatienceMs = 10_000;
const lookEveryMs = 50;

export interface OpenedInput {
  readonly fd: number;
  readonly name: string;
  /** Files can be read at any place; pipes and sockets only onwards. */
  readonly isSeekable: boolean;
  /** It is a regular file, also one that a shell gave as stdin. */
  readonly isFile: boolean;
}

/** Opens what `--input` names; `where` is the stage, for messages. */
export async function openInput(where: string, input: string): Promise<OpenedInput> {
  if (input === "-") {
    if (isatty(0)) {
      throw refusal(
        where,
        "expected a frame stream, got a terminal",
        "Pipe a stage into it, as in `mote acquire ... | mote track ...`, or give --input FILE.",
      );
    }
    return { fd: 0, name: "stdin", isSeekable: false, isFile: isRegularFile(0) };
  }
  if (input.startsWith("unix:")) {
    return { fd: await acceptOne(where, input.slice(5)), name: input, isSeekable: false, isFile: false };
  }
  refuseTcp(where, input);
  try {
    const fd = openSync(input, "r");
    if (fstatSync(fd).isDirectory()) {
      closeSync(fd);
      throw refusal(
        `${where}, --input ${input}`,
        "expected a file or a named pipe, got a folder",
        "Use acquire to read a folder of images.",
      );
    }
    const isFile = fstatSync(fd).isFile();
    return { fd, name: input, isSeekable: isFile, isFile };
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw refusal(`${where}, --input ${input}`, `cannot be opened: ${reason(error)}`, undefined, error);
  }
}

export interface OpenedOutput {
  readonly fd: number;
  readonly name: string;
  readonly isFile: boolean;
  /** Of a file that was named: to be settled when it is closed. */
  readonly claim?: Claim;
}

/**
 * Opens what `--output` names; a file's name is claimed, and with `isForced` one that has it is replaced when the new one is
 * complete. A pipe or socket is waited for that nobody reads yet, until `isOver`.
 */
export async function openOutput(
  where: string,
  output: string,
  isForced: boolean,
  isOver: () => boolean,
): Promise<OpenedOutput> {
  if (output === "-") return { fd: 1, name: "stdout", isFile: isRegularFile(1) };
  if (output.startsWith("unix:"))
    return { fd: await connectTo(where, output.slice(5), isOver), name: output, isFile: false };
  refuseTcp(where, output);
  const place = `${where}, --output ${output}`;
  if (isPipeOrDevice(output)) {
    try {
      // Held until the other is open: a reader that loses its only writer has read everything.
      const asking = statSync(output).isFIFO() ? await openedWhenRead(place, output, isOver) : undefined;
      const fd = openSync(output, constants.O_WRONLY);
      if (asking !== undefined) closeSync(asking);
      return { fd, name: output, isFile: fstatSync(fd).isFile() };
    } catch (error) {
      if (error instanceof MoteError) throw error;
      throw refusal(place, `cannot be opened: ${reason(error)}`, undefined, error);
    }
  }
  const claim = claimName({ where: place, path: output, isForced }, where);
  try {
    return { fd: openSync(claim.growing, "wx"), name: output, isFile: true, claim };
  } catch (error) {
    claim.giveBack();
    throw refusal(place, `cannot be opened: ${reason(error)}`, undefined, error);
  }
}

/** Opening a named pipe blocks until it has a reader, and nothing could end that: so it is asked whether it has one. */
async function openedWhenRead(place: string, path: string, isOver: () => boolean): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENXIO") throw error;
    }
    if (isOver()) throw neverRead(place);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function neverRead(place: string): MoteError {
  return failure(place, "interrupted before anybody read it", "Start the reader, too: --input with the same path.");
}

/** What is written to as it stands, and never replaced. */
function isPipeOrDevice(output: string): boolean {
  const there = statSync(output, { throwIfNoEntry: false });
  return there !== undefined && !there.isFile() && !there.isDirectory();
}

/** Whether a stream that is written to `--output` stays there, and nobody reads it as it comes. */
export function endsInFile(output: string): boolean {
  if (output === "-") return isRegularFile(1);
  return !isAddress(output) && !isPipeOrDevice(output);
}

/** What keeps `--output` from being opened, before anything is: a terminal, a file in the way, or the name of something else than a stream. Undefined when nothing does. */
export function outputProblem(stage: string, output: string, isForced: boolean): Problem | undefined {
  if (output === "-") {
    return isatty(1)
      ? {
          where: `${stage}, --output`,
          what: "would write a binary frame stream to the terminal",
          hint: "Pipe it into another stage, or give --output FILE.mote.",
        }
      : undefined;
  }
  if (isAddress(output) || isPipeOrDevice(output)) return undefined;
  const where = `${stage}, --output ${output}`;
  return claimProblem({ where, path: output, isForced }) ?? nameProblem(where, output);
}

/** A stream under the name of another format would be opened by nobody. */
function nameProblem(where: string, output: string): Problem | undefined {
  const format = mistakenFormat(output, [".mote"]);
  if (format === undefined) return undefined;
  const instead = isContainer(output) ? `mote archive --out ${output} writes that one` : "mote archive writes others";
  return {
    where,
    what: `is the name of another format (${format}), and --output writes a frame stream`,
    hint: `Give --output a .mote file, a named pipe or unix:/path; ${instead}.`,
  };
}

function isRegularFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

function isAddress(output: string): boolean {
  return output.startsWith("unix:") || isNetwork(output);
}

function isNetwork(address: string): boolean {
  return /^(tcp|grpc):/.test(address);
}

function refuseTcp(where: string, address: string): void {
  if (isNetwork(address)) {
    throw refusal(
      where,
      `${address}: this version has no network transport`,
      "Use unix:/path on one machine, or pipe through ssh.",
    );
  }
}

async function connectTo(where: string, path: string, isOver: () => boolean): Promise<number> {
  const startedAt = now();
  for (;;) {
    try {
      return await new Promise<number>((resolve, reject) => {
        const socket = connect({ path, allowHalfOpen: true });
        socket.pause();
        socket.once("connect", () => resolve(descriptorOf(socket)));
        socket.on("error", reject);
      });
    } catch (error) {
      const code = (error as { code?: string }).code;
      const mayComeLater = code === "ENOENT" || code === "ECONNREFUSED";
      if (isOver()) throw neverRead(`${where}, --output unix:${path}`);
      if (!mayComeLater || msSince(startedAt) > connectPatienceMs) {
        throw failure(
          `${where}, --output unix:${path}`,
          `cannot connect: ${reason(error)}`,
          "Start the reader first, with --input and the same path.",
          error,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
