/** The stream's way out of a process: what every stage but a sink writes, to stdout or --output. */

import { harmlessReasons } from "../core/model/run-report.js";
import { option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import type { StreamWriter } from "../core/stream/stream-writer.js";

const options = {
  output: option.path({
    doc: "Where the frame stream goes: - (stdout), a .mote file, a named pipe, or unix:/path to connect to.",
    default: "-",
  }),
  checksums: option.choice(["auto", "on", "off"], {
    doc: "Checksums over the pixels; auto: in files. Everything else always has them.",
    default: "auto",
  }),
  force: option.flag({ doc: "Overwrite the --output file if it exists.", default: false }),
};

interface Plan {
  readonly output: string;
  readonly checksums: "auto" | "on" | "off";
  readonly force: boolean;
}

export const streamOut = defineStage<typeof options, Plan>({
  name: "stream-out",
  role: "sink",
  isTransport: true,
  summary: "Write a frame stream.",
  options,
  examples: [],
  negotiate(input, o) {
    return { output: input!, plan: { output: o.output, checksums: o.checksums, force: o.force } };
  },
  async check(plan, input) {
    const { outputFault } = await import("../core/stream/transport.js");
    const fault = outputFault(plan.output, plan.force);
    const stage = input.producedBy.at(-1)?.stage ?? "stream";
    return fault ? [{ where: `${stage}, --output`, ...fault }] : [];
  },
  async open(plan, context) {
    const [{ openByteSink, ReaderGone }, { createStreamWriter }, { openOutput, syncFile }] = await Promise.all([
      import("../core/stream/byte-pipe.js"),
      import("../core/stream/stream-writer.js"),
      import("../core/stream/transport.js"),
    ]);
    const stage = context.input.producedBy.at(-1)?.stage ?? "stream";
    const { fd, name, isFile } = await openOutput(stage, plan.output);
    const sink = openByteSink(name, fd, context.isAborted, () => {
      if (isFile) syncFile(fd);
    });
    let isGone = false;

    /** A reader that goes away ends the run quietly; whatever else goes wrong is an error. */
    function write(work: () => void): boolean {
      if (isGone) return false;
      try {
        work();
        return true;
      } catch (error) {
        if (!(error instanceof ReaderGone)) throw error;
        isGone = true;
        context.stopQuietly(`the reader of ${name} went away`);
        return false;
      }
    }

    let writer: StreamWriter | undefined;
    write(() => {
      writer = createStreamWriter(sink, context.input, context.geometry, {
        hasChecksums: plan.checksums === "on" || (plan.checksums === "auto" && isFile),
        hasIndex: isFile,
      });
    });
    return {
      push(frame) {
        return write(() => writer?.frame(frame)) ? undefined : { drop: harmlessReasons.readerGone };
      },
      event(event) {
        write(() => writer?.event(event));
      },
      flush(end) {
        write(() => writer?.end(end));
      },
      summary: () => ({ bytes: sink.position }),
      close() {
        sink.close();
      },
    };
  },
});
