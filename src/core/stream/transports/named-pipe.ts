/** Named pipes, and devices, which are opened once and read and written as they stand. */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { codeOf, MoteError, reason, refusal } from "../../errors.js";
import { lookEveryMs, neverRead } from "./reader-awaited.js";
import { defineTransport } from "./transport.js";

export const namedPipe = defineTransport({
  doc: { input: "a named pipe", output: "a named pipe" },
  knows(address) {
    const there = thereAt(address);
    return there !== undefined && !there.isFile() && !there.isDirectory();
  },
  openInput(where, address) {
    try {
      const fd = openSync(address, "r");
      return { fd, name: address, isSeekable: false, isFile: false, opening: "once" };
    } catch (error) {
      throw refusal(
        codeOf(error),
        `${where}, --input ${address}`,
        `cannot be opened: ${reason(error)}`,
        undefined,
        error,
      );
    }
  },
  async openOutput(where, address, _options, isOver) {
    const place = `${where}, --output ${address}`;
    try {
      // Held until the other is open: a reader that loses its only writer has read everything.
      const asking = statSync(address).isFIFO() ? await openedWhenRead(place, address, isOver) : undefined;
      const fd = openSync(address, constants.O_WRONLY);
      if (asking !== undefined) closeSync(asking);
      return { fd, name: address, isFile: fstatSync(fd).isFile() };
    } catch (error) {
      if (error instanceof MoteError) throw error;
      throw refusal(codeOf(error), place, `cannot be opened: ${reason(error)}`, undefined, error);
    }
  },
  endsInFile: () => false,
});

/** Undefined also where nobody may look: opening it says why. */
function thereAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
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
