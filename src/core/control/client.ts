/**
 * One client of a run's control: lines in, lines out, both within bounds. Who writes without end, or asks and never reads, is
 * told so and cut off: the run has other things to do.
 */
import type { Socket } from "node:net";
import { failure, type MoteError } from "../errors.js";
import type { JsonObject, JsonValue } from "../model/json.js";
import { longAgo, type MonotonicMs, msSince, now } from "../time.js";
import { formatCount } from "../units.js";
import { told } from "./answer-line.js";
import type { Asker } from "./request.js";

/** Bytes that a line may have. */
export const mostLineBytes = 65_536;
/** Lines that may come in a second. */
export const mostLinesPerSecond = 500;
/** Bytes that may wait for a client who does not read. */
export const mostUnreadBytes = 262_144;
/** How long the last word to a client may wait to be read. */
const farewellMs = 500;

const lineFeed = 10;

export class Client {
  readonly #socket: Socket;
  readonly #hear: (line: string, client: Client) => JsonObject;
  /** Of the line that is not at its end. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #second: MonotonicMs = longAgo;
  #linesInSecond = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `hear` answers a line. */
  constructor(socket: Socket, hear: (line: string, client: Client) => JsonObject, onGone: () => void) {
    this.#socket = socket;
    this.#hear = hear;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    // Who has gone needs no answer.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#end();
      onGone();
    });
  }

  /** Whoever sent the line with this id. */
  asker(id: JsonValue): Asker {
    return {
      subscribe: (everyMs, tell) => {
        clearInterval(this.#timer);
        this.#timer = setInterval(() => {
          // Who is behind gets the next one: what is shown is how things stand, not how they stood.
          if (this.#socket.writableLength === 0) this.send({ id, update: tell() });
        }, everyMs).unref();
      },
    };
  }

  send(line: JsonObject): void {
    if (this.#isOver) return;
    this.#socket.write(`${JSON.stringify(line)}\n`);
    if (this.#socket.writableLength > mostUnreadBytes)
      this.cutOff(tooMuch(`more than ${mostUnreadBytes} bytes of answers wait to be read`));
  }

  /** Says why, and ends the connection whether that is read or not. */
  cutOff(why: MoteError): void {
    this.leave({ id: null, ok: false, ...told(why) });
  }

  /** The last line to the client. */
  leave(lastLine: JsonObject): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.end(`${JSON.stringify(lastLine)}\n`);
    // What still comes is read and forgotten, so that the last line is not lost with a connection that is reset.
    setTimeout(() => this.#socket.destroy(), farewellMs).unref();
  }

  #take(bytes: Buffer): void {
    let rest = bytes;
    while (!this.#isOver) {
      const end = rest.indexOf(lineFeed);
      this.#pieceBytes += end < 0 ? rest.length : end;
      if (this.#pieceBytes > mostLineBytes) this.cutOff(tooMuch(`a line may have ${mostLineBytes} bytes`));
      if (end < 0) {
        this.#pieces.push(rest);
        return;
      }
      const line = Buffer.concat([...this.#pieces, rest.subarray(0, end)]).toString("utf8");
      this.#pieces = [];
      this.#pieceBytes = 0;
      rest = rest.subarray(end + 1);
      this.#hearLine(line);
    }
  }

  #hearLine(line: string): void {
    if (msSince(this.#second) >= 1000) {
      this.#second = now();
      this.#linesInSecond = 0;
    }
    this.#linesInSecond++;
    if (this.#linesInSecond > mostLinesPerSecond)
      this.cutOff(tooMuch(`${formatCount(mostLinesPerSecond, "line")} a second may come`));
    else if (!this.#isOver && line.trim() !== "") this.send(this.#hear(line, this));
  }

  #end(): void {
    this.#isOver = true;
    this.#pieces = [];
    clearInterval(this.#timer);
  }
}

function tooMuch(what: string): MoteError {
  return failure("too-large", "control", `${what}, and the connection is closed`, "Send less, and read every answer.");
}
