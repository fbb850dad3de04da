/** The bytes of a table, to be read twice: a file in pieces, what comes down a pipe from memory. Knows nothing of rows. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { mostLineBytes, mostPipedBytes } from "../../budget.js";
import { codeOf, failure, MoteError, reason, refusal } from "../../errors.js";
import { openByteSource } from "../../stream/byte-pipe.js";

export interface BytePieces {
  readonly byteLength: number;
  /** Reads on from `position` into `into`; the number of bytes, 0 at the end. */
  read(into: Uint8Array, position: number): number;
  close(): void;
}

const pieceBytes = 1 << 20;

/** What is known of tables before one is read: enough to refuse what comes down a pipe as soon as it is none. */
export interface PipedTables {
  /** Whether what begins so is a table that is no text. */
  isBinary(head: Uint8Array): boolean;
  /** What is said of what is none. */
  readonly refused: string;
}

/** Opens a file, a named pipe, or stdin for "-". Refuses what cannot be opened, folders and devices. */
export function openBytePieces(where: string, path: string, piped?: PipedTables): BytePieces {
  try {
    const fd = path === "-" ? 0 : openSync(path, "r");
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      closeSync(fd);
      throw refusal("wrong-kind-of-file", where, "expected a table, got a folder", "Name one of its files.");
    }
    if (path !== "-" && (stat.isCharacterDevice() || stat.isBlockDevice())) {
      closeSync(fd);
      throw refusal("wrong-kind-of-file", where, "expected a table, got a device", "Name a file, or - for stdin.");
    }
    if (!stat.isFile()) return fromMemory(readAll(where, fd, piped));
    return {
      byteLength: stat.size,
      read: (into, position) => readSync(fd, into, 0, into.length, position),
      close() {
        if (fd !== 0) closeSync(fd);
      },
    };
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw refusal(codeOf(error), where, `cannot be read: ${reason(error)}`, undefined, error);
  }
}

/** What `read` does, with the file named when it fails. */
export function readPiece(where: string, pieces: BytePieces, into: Uint8Array, position: number): number {
  try {
    return pieces.read(into, position);
  } catch (error) {
    throw failure(codeOf(error), where, `cannot be read at byte ${position}: ${reason(error)}`, undefined, error);
  }
}

/** Bytes `start` up to `end` - 1, fewer only where the table ends. */
export function readRange(where: string, pieces: BytePieces, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  for (let got = 1; got > 0 && filled < bytes.length; filled += got) {
    got = readPiece(where, pieces, bytes.subarray(filled), start + filled);
  }
  return bytes.subarray(0, filled);
}

function readAll(where: string, fd: number, piped: PipedTables | undefined): Uint8Array[] {
  const source = openByteSource(where, fd, 0, false);
  const pieces: Uint8Array[] = [];
  try {
    const judge = new PipeJudge(where, piped);
    for (;;) {
      const piece = new Uint8Array(pieceBytes);
      const got = source.readFully(piece, () => false);
      judge.take(piece.subarray(0, got));
      if (got > 0) pieces.push(piece.subarray(0, got));
      if (got < pieceBytes) break;
    }
  } finally {
    source.close();
  }
  return pieces;
}

/** Refuses what comes down a pipe as soon as it cannot be a table, or is more than can be held. */
class PipeJudge {
  readonly #where: string;
  readonly #piped: PipedTables | undefined;
  #bytes = 0;
  #lineBytes = 0;
  #isText = true;

  constructor(where: string, piped: PipedTables | undefined) {
    this.#where = where;
    this.#piped = piped;
  }

  take(piece: Uint8Array): void {
    if (this.#bytes === 0) this.#isText = this.#piped?.isBinary(piece) === false;
    this.#bytes += piece.length;
    if (this.#bytes > mostPipedBytes) {
      const what = `more than ${mostPipedBytes >> 20} MiB came down the pipe`;
      throw refusal(
        "too-large",
        this.#where,
        what,
        "Save the table to a file, and name that: a file need not be held in memory.",
      );
    }
    if (!this.#isText) return;
    if (piece.includes(0))
      throw refusal("wrong-format", this.#where, this.#piped!.refused, "mote inspect says what it is.");
    const end = piece.lastIndexOf(10);
    this.#lineBytes = end < 0 ? this.#lineBytes + piece.length : piece.length - 1 - end;
    if (this.#lineBytes <= mostLineBytes) return;
    throw refusal("too-large", this.#where, `a line is longer than ${mostLineBytes >> 20} MiB`, "Is it a table?");
  }
}

/** Every piece but the last is full, so a position names its piece. */
function fromMemory(pieces: readonly Uint8Array[]): BytePieces {
  return {
    byteLength: pieces.reduce((sum, piece) => sum + piece.length, 0),
    read(into, position) {
      const piece = pieces[Math.floor(position / pieceBytes)];
      if (!piece) return 0;
      const part = piece.subarray(position % pieceBytes).subarray(0, into.length);
      into.set(part);
      return part.length;
    },
    close() {},
  };
}
