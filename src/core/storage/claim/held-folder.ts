/**
 * A folder that a run writes into, held by a descriptor from its making: files are made in that very folder, whatever has its
 * name by then. Where the system has no path to a folder by its descriptor, it is looked at before each one, which leaves a
 * gap of microseconds.
 */
import { closeSync, constants, openSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type FileIdentity, identityOf, isSameFile, openedIdentity } from "./removal.js";

/** Linux (proc(5), "/proc/pid/fd"): a path through one of these is looked up in the folder that is open there. */
const descriptors = "/proc/self/fd";

export class HeldFolder {
  readonly identity: FileIdentity;
  readonly #fd: number;
  /** Leads to the folder itself; undefined where there is no such path. */
  readonly #way: string | undefined;
  #name: string;

  /** Of a folder that is there; throws the system's error. */
  constructor(name: string, ways = descriptors) {
    this.#name = name;
    const way = (fd: number) => join(ways, String(fd));
    const fd = process.platform === "linux" ? openSync(name, constants.O_RDONLY | constants.O_DIRECTORY) : -1;
    this.identity = fd < 0 ? identityOf(statSync(name, { bigint: true })) : openedIdentity(fd);
    const isWay = fd >= 0 && hasName(way(fd), this.identity);
    if (fd >= 0 && !isWay) closeSync(fd);
    this.#fd = isWay ? fd : -1;
    this.#way = isWay ? way(fd) : undefined;
  }

  /** What to put in front of the name of a file in it, for one call; throws where there is only its name, and that is another's. */
  get path(): string {
    if (this.#way !== undefined) return this.#way;
    if (!this.hasItsName()) throw new Error(`${basename(this.#name)} was removed or moved by something else`);
    return this.#name;
  }

  /** It was given this name. */
  renamed(name: string): void {
    this.#name = name;
  }

  hasItsName(): boolean {
    return hasName(this.#name, this.identity);
  }

  /** Of a file in it: the name that does not lead to it any more, the folder's or its own; undefined when both do. */
  lostName(file: string, identity: FileIdentity): string | undefined {
    if (hasName(join(this.#name, file), identity)) return undefined;
    return this.hasItsName() ? file : basename(this.#name);
  }

  /** Does something in it; the system's errors call it by its name. */
  within<Result>(work: (path: string) => Result): Result {
    try {
      return work(this.path);
    } catch (error) {
      throw this.told(error);
    }
  }

  /** The same error, with the folder's name in place of the way to it. */
  told(error: unknown): unknown {
    if (this.#way === undefined || !(error instanceof Error)) return error;
    const way = new RegExp(`${this.#way}(?![0-9])`, "g");
    const named = (text: string) => text.replace(way, () => this.#name);
    error.message = named(error.message);
    const paths = error as { path?: unknown; dest?: unknown };
    if (typeof paths.path === "string") paths.path = named(paths.path);
    if (typeof paths.dest === "string") paths.dest = named(paths.dest);
    return error;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
  }
}

/** Links are followed. Only what the system says is another is another: a network file system may not answer. */
function hasName(path: string, identity: FileIdentity): boolean {
  try {
    const there = statSync(path, { bigint: true, throwIfNoEntry: false });
    return there !== undefined && isSameFile(identityOf(there), identity);
  } catch {
    return true;
  }
}
