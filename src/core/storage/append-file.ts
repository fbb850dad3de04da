/** A file that grows by whole pieces: what is written is there, or the file is as it was. For tables of lines. */
import { closeSync, fsyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { fileInTheWay } from "./files.js";

export class AppendFile {
  readonly #path: string;
  readonly #fd: number;
  #bytes = 0;

  /** Creates the file; a refusal when it is there already, unless `isForced`. Of two runs started together one gets the name. */
  constructor(where: string, path: string, isForced: boolean) {
    this.#path = path;
    try {
      this.#fd = openSync(path, isForced ? "w" : "wx");
    } catch (error) {
      throw fileInTheWay(where, error);
    }
  }

  /** Appends all of it, in as many writes as the system wants; after the system's error the file is as it was before. */
  append(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.#fd, bytes, at, bytes.length - at, this.#bytes + at);
      }
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
    unlinkSync(this.#path);
  }
}
