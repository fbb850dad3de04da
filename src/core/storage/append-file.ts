/** A file that grows by whole pieces: what is written is there, or the file is as it was. For tables of lines. */
import { closeSync, fsyncSync, ftruncateSync } from "node:fs";
import { createFile } from "./appear.js";
import { removeOwnFile } from "./claim/removal.js";
import { fileInTheWay } from "./files.js";
import { writeAll } from "./write-all.js";

export class AppendFile {
  readonly #path: string;
  readonly #fd: number;
  #bytes = 0;

  /** Creates the file with its first piece; a refusal when it is there already. */
  constructor(where: string, path: string, first: Uint8Array) {
    this.#path = path;
    try {
      this.#fd = createFile(path, (fd) => writeAll(fd, first, 0)).fd;
    } catch (error) {
      throw fileInTheWay(where, error);
    }
    this.#bytes = first.length;
  }

  /** Appends all of it, in as many writes as the system wants; after the system's error the file is as it was before. */
  append(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes, this.#bytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  /** Waits until the disk has it. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    closeSync(this.#fd);
    removeOwnFile(this.#path);
  }
}
