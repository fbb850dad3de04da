/** `-`: stdin and stdout, which were open before and stay as they are. */
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import { refusal } from "../../errors.js";
import { defineTransport } from "./transport.js";

export const standard = defineTransport({
  doc: { input: "- (stdin)", output: "- (stdout)" },
  knows: (address) => address === "-",
  openInput(where) {
    if (isatty(0)) {
      throw refusal(
        "not-a-frame-stream",
        where,
        "expected a frame stream, got a terminal",
        "Pipe a stage into it, as in `mote acquire ... | mote track ...`, or give --input FILE.",
      );
    }
    return { fd: 0, name: "stdin", isSeekable: false, isFile: isRegularFile(0), opening: "shared" };
  },
  outputProblem(where) {
    if (!isatty(1)) return undefined;
    return {
      code: "bad-option",
      where: `${where}, --output`,
      what: "would write a binary frame stream to the terminal",
      hint: "Pipe it into another stage, or give --output FILE.mote.",
    };
  },
  openOutput: () => ({ fd: 1, name: "stdout", isFile: isRegularFile(1) }),
  endsInFile: () => isRegularFile(1),
});

function isRegularFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}
