/**
 * What `--input` names, in two steps. A look reads the stream's descriptor and lets go. What can be opened once only (a named
 * pipe, a socket: who opens it again loses what was read, or the other side) is entered at the holder, which lets it go
 * however the process ends; the connection takes it over. A file is opened anew, and has to be the same one.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import { codeOf, MoteError, reason, refusal } from "../errors.js";
import type { Holder, Holding } from "../held.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import { openByteSource } from "./byte-pipe.js";
import { OnceClosed } from "./once-closed.js";
import { readDescriptor } from "./stream-reader.js";
import { transportOf } from "./transports/registry.js";

/** How a look leaves its input: plain data, so that it may stand in a plan. */
export type LookedAt =
  | { readonly opening: "shared"; readonly fd: number }
  | { readonly opening: "once"; readonly fd: number; readonly holding: Holding }
  | { readonly opening: "again"; readonly path: string; readonly device: string; readonly inode: string };

export interface InputFacts {
  readonly descriptor: StreamDescriptor;
  /** For complaints: "track, --input run.mote". */
  readonly name: string;
  readonly looked: LookedAt;
  /** Bytes read so far. */
  readonly position: number;
  readonly isSeekable: boolean;
  readonly isFile: boolean;
}

/** Looks at the stream that `input` names; `where` is the stage, for messages. */
export async function lookAtInput(where: string, input: string, holder: Holder): Promise<InputFacts> {
  const { fd, isSeekable, isFile, opening, ...opened } = await transportOf(input, "input").openInput(
    where,
    input,
    holder,
  );
  const name = opening === "shared" ? `${where}, ${opened.name}` : `${where}, --input ${opened.name}`;
  // Entered before the read, which may fail or never come back.
  const holding = opening === "shared" ? undefined : holder.hold(name, () => closeSync(fd), "ends-with-process");
  try {
    const source = openByteSource(name, fd, 0, isSeekable);
    const descriptor = readDescriptor(source);
    const looked: LookedAt =
      opening === "shared"
        ? { opening, fd }
        : opening === "once"
          ? { opening, fd, holding: holding! }
          : { opening, path: input, ...identityOf(fd) };
    if (opening === "again") holder.release(holding!);
    return { descriptor, name, looked, position: source.position, isSeekable, isFile };
  } catch (error) {
    if (holding !== undefined) holder.release(holding);
    throw error;
  }
}

/**
 * Takes what was looked at for good; `name` is for complaints. Refuses (exit code 2) a file that is another one by now. The
 * descriptor is closed by whoever is first: the thread that reads from it, or the connection's end.
 */
export function connectInput(name: string, looked: LookedAt, holder: Holder): OnceClosed {
  switch (looked.opening) {
    case "shared":
      return OnceClosed.foreign(looked.fd);
    case "once":
      holder.takeOver(looked.holding);
      return OnceClosed.own(looked.fd);
    case "again":
      return OnceClosed.own(reopened(name, looked));
  }
}

function reopened(name: string, { path, ...seen }: LookedAt & { opening: "again" }): number {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const { device, inode } = identityOf(fd);
    if (device === seen.device && inode === seen.inode) return fd;
    throw refusal(
      "file-changed",
      name,
      "became another file while it was looked at",
      "Give a file that stays, and run again.",
    );
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof MoteError) throw error;
    throw refusal(codeOf(error), name, `cannot be opened again: ${reason(error)}`, undefined, error);
  }
}

function identityOf(fd: number): { device: string; inode: string } {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return { device: String(dev), inode: String(ino) };
}
