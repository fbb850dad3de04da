/** The stream's way out of a process: what every stage but a sink writes, to stdout or --output. */
import { extendRun, type FrameRun } from "../core/model/frame-run.js";
import { type EndOfStream, readerGoneReason } from "../core/model/run-report.js";
import { type OptionSpecs, type OptionsOf, option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import type { Outcome } from "../core/storage/claim/claim.js";
import { type DiskFault, diskComplaint, diskFault, lossReason } from "../core/storage/disk/disk-fault.js";
import type { SharedDescriptor } from "../core/stream/once-closed.js";
import type { StreamWriter } from "../core/stream/stream-writer.js";
import { addressesText, outputOptions, transportOf } from "../core/stream/transports/registry.js";
import { formatCount } from "../core/units.js";

const options = {
  output: option.path({
    doc: `Where the frame stream goes: ${addressesText("output")}.`,
    default: "-",
  }),
  checksums: option.choice(["on", "off"], {
    doc: "Send each frame's checksum with its pixels, so that whoever reads them compares it (1.5 ms for 8 MiB). Everything else always has one.",
    default: "on",
  }),
  ...outputOptions,
};

interface Plan extends OptionsOf<OptionSpecs> {
  readonly output: string;
  readonly checksums: "on" | "off";
  /** The stage whose stream this is, for messages. */
  readonly writer: string;
}

/** For messages: "track, --output run.mote". */
function placeOf({ writer, output }: Plan): string {
  return output === "-" ? `${writer}, stdout` : `${writer}, --output ${output}`;
}

export const streamOut = defineStage<typeof options, Plan, undefined, SharedDescriptor | undefined>({
  name: "stream-out",
  role: "sink",
  isTransport: true,
  summary: "Write a frame stream.",
  options,
  examples: [],
  negotiate(input, o) {
    const writer = input!.producedBy.at(-1)?.stage ?? "stream";
    return { output: input!, plan: { ...o, writer }, needs: { pixelChecksums: o.checksums === "on" } };
  },
  feedsReader: () => true,
  async check(plan) {
    const problem = await transportOf(plan.output, "output").outputProblem?.(plan.writer, plan.output, plan);
    return problem ? [problem] : [];
  },
  uses(plan) {
    return { writes: [{ where: placeOf(plan), file: plan.output === "-" ? 1 : plan.output }] };
  },
  async connect({ writer, output }) {
    const fd = await transportOf(output, "output").awaitReader?.(writer, output);
    if (fd === undefined) return undefined;
    const { OnceClosed } = await import("../core/stream/once-closed.js");
    const descriptor = OnceClosed.own(fd);
    return { data: descriptor.shared, disconnect: () => descriptor.close(), lifetime: "ends-with-process" };
  },
  async open(plan, context) {
    const [{ openByteSink, ReaderGone }, { openFileSink }, { createStreamWriter }, { takeUnread }, { SentFrames }] =
      await Promise.all([
        import("../core/stream/byte-pipe.js"),
        import("../core/stream/file-sink.js"),
        import("../core/stream/stream-writer.js"),
        import("../core/stream/left-in-pipe.js"),
        import("../core/stream/sent-frames.js"),
      ]);
    const { fd, name, isFile, claim, close } = await transportOf(plan.output, "output").openOutput(
      plan.writer,
      plan.output,
      plan,
      context.connection,
    );
    const sink = isFile
      ? openFileSink(placeOf(plan), fd, "Make room or choose another disk, and run again.", plan.output === "-")
      : openByteSink(name, fd, context, close);
    /** Why the file takes no more frames, and which it did not get. */
    let fault: DiskFault | undefined;
    let stored = 0;
    let notStored = 0;
    const missed: FrameRun[] = [];
    let isGone = false;
    const sent = new SentFrames();
    const goneReason = readerGoneReason(context.input.isLive);
    /** How the stream ended in the file: not at all, in order, or in order with all that came. */
    let ended: "cut" | "kept" | "complete" = "cut";
    let isWorthKeeping = false;

    /** A reader that goes away ends the run quietly; whatever else goes wrong is an error. */
    function write(work: () => void): boolean {
      if (isGone) return false;
      try {
        work();
        return true;
      } catch (error) {
        if (!(error instanceof ReaderGone)) throw error;
        isGone = true;
        const left = sent.behind(sink.position + error.partBytes - takeUnread(fd));
        if (left > 0) context.countLost(left, goneReason, "out");
        context.stopQuietly(`the reader of ${name} went away`);
        return false;
      }
    }

    let writer: StreamWriter | undefined;
    write(() => {
      const descriptor = isFile ? { ...context.input, isLive: false } : context.input;
      writer = createStreamWriter(sink, descriptor, {
        hasChecksums: plan.checksums === "on",
        hasIndex: isFile,
      });
    });

    /** Does what a full or failing disk may refuse; returns what it refused, if it is the disk's fault. */
    function refusedBy(work: () => void): unknown {
      try {
        work();
        return undefined;
      } catch (error) {
        if (!isFile || !diskFault(error)) throw error;
        return error;
      }
    }

    function miss(frameNumber: number): { drop: string } {
      notStored++;
      if (!extendRun(missed.at(-1), frameNumber)) missed.push({ firstFrame: frameNumber, count: 1 });
      return { drop: lossReason[fault!] };
    }

    /** The file's last word, that frames are missing; it may have no place either. */
    function tellMissed(end: EndOfStream): void {
      const refused = refusedBy(() => {
        for (const run of missed)
          writer?.event({ event: "drop", stage: "stream-out", ...run, reason: lossReason[fault!] });
        writer?.end({ ...end, isComplete: false, lost: end.lost + notStored, notStored });
      });
      if (refused) context.warn(`${diskComplaint(refused)}; the file is not closed in order`);
      else ended = "kept";
    }

    function closeSink(): void {
      const refused = fault && refusedBy(() => sink.close());
      if (!fault) sink.close();
      else if (refused) context.warn(diskComplaint(refused));
    }

    return {
      push(frame) {
        const { frameNumber } = frame.header;
        if (fault) return miss(frameNumber);
        let isWritten = false;
        const refused = refusedBy(() => {
          claim?.look();
          isWritten = write(() => writer?.frame(frame));
        });
        if (isWritten && !isFile) sent.add(sink.position);
        if (isWritten) stored++;
        if (!refused) return isWritten ? undefined : { drop: goneReason };
        fault = diskFault(refused)!;
        const what = `the ${context.endRun()} ends at frame ${frameNumber}, ${formatCount(stored, "frame")} written`;
        context.warn(`${diskComplaint(refused)}; ${what}`);
        return miss(frameNumber);
      },
      event(event) {
        if (fault) return;
        const refused = refusedBy(() => write(() => writer?.event(event)));
        // The frames are what counts, and the next one shows the fault.
        if (refused) context.warn(`${diskComplaint(refused)}; an event is missing there`);
      },
      flush(end) {
        isWorthKeeping = end.isComplete;
        if (fault) tellMissed(end);
        else if (write(() => writer?.end(end))) ended = end.failure === undefined ? "complete" : "kept";
      },
      summary: () => ({
        bytes: sink.position,
        ...(claim ? { files: [{ path: name, bytes: sink.position }] } : {}),
        ...(notStored > 0 ? { notStored } : {}),
      }),
      close() {
        let outcome: Outcome = "cut";
        try {
          closeSink();
          outcome = ended;
        } finally {
          const settled = claim?.settle(stored > 0 || isWorthKeeping ? outcome : "nothing");
          if (settled?.note !== undefined) context.warn(settled.note);
        }
      },
    };
  },
});
