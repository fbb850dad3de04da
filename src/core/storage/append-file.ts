/** Where tables of lines go: what is written is there, or all is as it was. */
import { closeSync, fdatasyncSync, ftruncateSync } from "node:fs";
import type { ByteSink } from "../stream/byte-pipe.js";
import { createFile } from "./appear.js";
import { type FileIdentity, openedIdentity, removeOwnFile } from "./claim/removal.js";
import { fileInTheWay } from "./files.js";
import type { StoreRequest } from "./frame-store.js";
import { writeAll } from "./write-all.js";

/** What grows by whole pieces. */
export interface Pieces {
  /** Appends all of it, in as many writes as the system wants; after the system's error a file is as it was before. */
  append(bytes: Uint8Array): void;
  /** Waits until the disk has it. */
  sync(): void;
  close(): void;
  remove(): void;
}

/** Begins a table with its first piece: in a file, which a refusal says is there already, or in the sink of the request. */
export function beginPieces({ where, path, sink }: StoreRequest, first: Uint8Array): Pieces {
  return sink ? intoSink(sink, first) : new AppendFile(where, path, first);
}

/** What went out is another program's. */
function intoSink(sink: ByteSink, first: Uint8Array): Pieces {
  sink.write([first]);
  return { append: (bytes) => sink.write([bytes]), sync() {}, close() {}, remove() {} };
}

/** Creates the file with its first piece; a refusal when it is there already. */
export class AppendFile implements Pieces {
  readonly #path: string;
  readonly #fd: number;
  #bytes = 0;

  constructor(where: string, path: string, first: Uint8Array) {
    this.#path = path;
    try {
      this.#fd = createFile(path, (fd) => writeAll(fd, first, 0)).fd;
    } catch (error) {
      throw fileInTheWay(where, error);
    }
    this.#bytes = first.length;
  }

  append(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes, this.#bytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  get identity(): FileIdentity {
    return openedIdentity(this.#fd);
  }

  sync(): void {
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    closeSync(this.#fd);
    removeOwnFile(this.#path);
  }
}
