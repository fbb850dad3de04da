/** Named pipes, and devices, which are opened once and read and written as they stand. */
import { constants, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { codeOf, type MoteError, reason, refusal } from "../../errors.js";
import { OnceClosed } from "../once-closed.js";
import { lookEveryMs } from "./reader-awaited.js";
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
  async awaitReader(where, address) {
    try {
      return statSync(address).isFIFO() ? await openedWhenRead(address) : undefined;
    } catch (error) {
      throw refusedOutput(where, address, error);
    }
  },
  openOutput(where, address, _options, awaited) {
    try {
      const fd = openSync(address, constants.O_WRONLY);
      return { fd, name: address, isFile: fstatSync(fd).isFile() };
    } catch (error) {
      throw refusedOutput(where, address, error);
    } finally {
      // Not before: a reader that loses its only writer has read everything.
      if (awaited) new OnceClosed(awaited).close();
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

function refusedOutput(where: string, address: string, error: unknown): MoteError {
  const what = `cannot be opened: ${reason(error)}`;
  return refusal(codeOf(error), `${where}, --output ${address}`, what, undefined, error);
}

/** Opening a named pipe blocks until it has a reader, and nothing could end that: so it is asked whether it has one. */
async function openedWhenRead(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENXIO") throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
