/** Who writes: this process as others can recognise it, and whether one that they recognise is still there. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";

/**
 * A process, told apart from every other: by its number and its start (numbers are used again), the machine, the start of
 * the machine (after which the process is gone, whatever its number says) and the namespace that its number counts in.
 */
export interface Writer {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process' (proc(5), stat, field 22); 0 where the system does not tell. */
  readonly start: string;
  readonly machine: string;
  readonly boot: string;
  readonly namespace: string;
}

/** "elsewhere": on another machine or in another container, so that nobody here can say whether it lives. */
export type WriterState = "alive" | "gone" | "elsewhere";

/** Letters of `Writer.boot` and `Writer.machine`, hexadecimal. */
export const bootBytes = 12;

let own: Writer | undefined;

export function thisWriter(): Writer {
  own ??= {
    pid: process.pid,
    start: startOf(process.pid) ?? "0",
    machine: digest(`${hostname()} ${textOf("/etc/machine-id")}`),
    boot: digest(textOf("/proc/sys/kernel/random/boot_id")),
    namespace: namespaceNumber(),
  };
  return own;
}

/** As a file's name; the last part makes each one another, so that a process can tell its own claims apart. */
export function writerName({ pid, start, machine, boot, namespace }: Writer): string {
  return [pid, start, machine, boot, namespace, randomBytes(6).toString("hex")].join("-");
}

/** The writer of such a name; undefined for any other name. */
export function writerOf(name: string): Writer | undefined {
  const parts = /^(\d{1,10})-(\d{1,20})-([0-9a-f]{12})-([0-9a-f]{12})-(\d{1,20})-[0-9a-f]{12}$/.exec(name);
  if (!parts) return undefined;
  const [, pid, start, machine, boot, namespace] = parts as unknown as string[];
  return { pid: Number(pid), start: start!, machine: machine!, boot: boot!, namespace: namespace! };
}

/** Whether its machine, which is this one, was started again since. */
export function isOfEarlierStart({ machine, boot }: Writer): boolean {
  const here = thisWriter();
  return machine === here.machine && boot !== here.boot;
}

export function stateOf(writer: Writer): WriterState {
  const here = thisWriter();
  if (writer.machine !== here.machine) return "elsewhere";
  if (isOfEarlierStart(writer)) return "gone";
  if (writer.namespace !== here.namespace) return "elsewhere";
  if (!isThere(writer.pid)) return "gone";
  const start = startOf(writer.pid);
  // A process of somebody else may be hidden: it is there, and nothing says that it is another.
  return start === undefined || writer.start === "0" || start === writer.start ? "alive" : "gone";
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** "gone" of a process that ended and whose parent has not asked yet; undefined where the system does not tell. */
function startOf(pid: number): string | undefined {
  // The second field, the program's name in brackets, may hold anything; the third is the state, the 22nd the start.
  const text = textOf(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 20) return undefined;
  return fields[0] === "Z" || fields[0] === "X" ? "gone" : fields[19];
}

function namespaceNumber(): string {
  try {
    return String(statSync("/proc/self/ns/pid", { bigint: true }).ino);
  } catch {
    return "0";
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, bootBytes);
}
