/** The stream's way into a process: what every stage but a source reads, from stdin or --input. */
import { failure, refusal } from "../core/errors.js";
import type { Frame } from "../core/memory/frame.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { detectionCapacity } from "../core/model/detection.js";
import { isWholeNumber } from "../core/model/range.js";
import { type EndOfStream, readerGoneReason } from "../core/model/run-report.js";
import { option } from "../core/option/option.js";
import { DrainPatience, type Upstream } from "../core/pipeline/drain-patience.js";
import { defineStage } from "../core/pipeline/stage.js";
import type { ByteSource } from "../core/stream/byte-pipe.js";
import type { InputFacts, LookedAt } from "../core/stream/input.js";
import type { SharedDescriptor } from "../core/stream/once-closed.js";
import type { StreamReader } from "../core/stream/stream-reader.js";
import { addressesText } from "../core/stream/transports/registry.js";
import { msSince } from "../core/time.js";
import { formatCount } from "../core/units.js";

const options = {
  input: option.path({
    doc: `Where the frame stream comes from: ${addressesText("input")}.`,
    default: "-",
  }),
  allowTruncated: option.flag({
    doc: "Take what is there of a stream that was cut off; the exit code is then 3.",
    default: false,
  }),
  detectionsOnly: option.flag({
    doc: "Leave the frames out and take the detections, also those of frames whose pixels a full disk refused (archive --on-full tracks-only).",
    default: false,
  }),
  maxMessage: option.number({ doc: "Largest message accepted.", unit: "B", min: 1024, default: "1GiB" }),
};

interface Plan {
  readonly looked: LookedAt;
  /** For complaints: "track, --input run.mote". */
  readonly name: string;
  readonly position: number;
  readonly isSeekable: boolean;
  readonly upstream: Upstream;
  readonly allowTruncated: boolean;
  readonly maxPayloadBytes: number;
}

/** Whoever still writes so long after we left will be told by the pipe, and counts for itself. */
const leavingMs = 1000;

export const streamIn = defineStage<typeof options, Plan, InputFacts, SharedDescriptor>({
  name: "stream-in",
  role: "source",
  isTransport: true,
  summary: "Read a frame stream.",
  options,
  examples: [],
  async look({ input }, stage, { holder }) {
    const { lookAtInput } = await import("../core/stream/input.js");
    return lookAtInput(stage, input, holder);
  },
  negotiate(_, o, facts) {
    const { descriptor } = facts;
    if (descriptor.detections && descriptor.detections.columns.length === 0) {
      throw refusal("stream-damaged", facts.name, "its detections have no columns");
    }
    if (o.detectionsOnly && !descriptor.detections) {
      throw refusal(
        "stages-do-not-fit",
        `${facts.name}, --detections-only`,
        "there are no detections in this stream",
        "Put `track` after it.",
      );
    }
    const isLive = descriptor.isLive && !facts.isFile;
    return {
      output: { ...descriptor, hasFrames: descriptor.hasFrames && !o.detectionsOnly, isLive },
      plan: {
        looked: facts.looked,
        name: facts.name,
        position: facts.position,
        isSeekable: facts.isSeekable,
        upstream: facts.isFile ? "file" : isLive ? "live" : "waiting",
        allowTruncated: o.allowTruncated,
        maxPayloadBytes: o.maxMessage,
      },
      needs: descriptor.detections ? { detectionRows: capacityOf(descriptor) } : {},
    };
  },
  uses: ({ name, looked }) => ({
    reads: [{ where: name, file: looked.opening === "again" ? looked.path : looked.fd }],
  }),
  async connect(plan, { holder }) {
    const { connectInput } = await import("../core/stream/input.js");
    const descriptor = connectInput(plan.name, plan.looked, holder);
    return { data: descriptor.shared, disconnect: () => descriptor.close(), lifetime: "ends-with-process" };
  },
  async open(plan, context) {
    const [{ openByteSource }, { OnceClosed }, { createStreamReader }] = await Promise.all([
      import("../core/stream/byte-pipe.js"),
      import("../core/stream/once-closed.js"),
      import("../core/stream/stream-reader.js"),
    ]);
    const descriptor = new OnceClosed(context.connection);
    const { fd } = descriptor.shared;
    const source = openByteSource(plan.name, fd, plan.position, plan.isSeekable, () => descriptor.close());
    const { clock } = context;
    const patience = new DrainPatience(plan.upstream, clock);
    let lookedAtByte = source.position;
    let cutAfterFrame: number | null = null;
    const reader = createStreamReader(source, context.output, {
      maxPayloadBytes: plan.maxPayloadBytes,
      onEvent: (event) => context.emit(event, "before"),
      shouldStop() {
        if (isLeaving) return isDry();
        if (context.isStopped()) return true;
        if (!context.isDraining()) return false;
        const hasMoved = !isDry();
        if (hasMoved) context.moved();
        return patience.isOver(hasMoved);
      },
    });
    let isLeaving = false;
    let leftAfterFrame: number | null = null;

    /** Whether nothing came since this was asked last. */
    function isDry(): boolean {
      const isStill = source.position === lookedAtByte;
      lookedAtByte = source.position;
      return isStill;
    }

    /** What lies in the pipe when a live stream is left before its end is lost: nobody else will ever count it. */
    function leave(frame: Frame): void {
      isLeaving = true;
      const { lastFrameNumber } = reader;
      const leftAt = clock.now();
      let firstFrame = -1;
      let count = 0;
      source.stopWaiting();
      try {
        do {
          lookedAtByte = -1;
          if (reader.next(frame) !== "frame") break;
          if (count++ === 0) firstFrame = frame.header.frameNumber;
        } while (msSince(leftAt) < leavingMs);
      } catch {
        // Left in the middle of a message, whose frame its writer counts: it has not got rid of it.
      }
      // What is written from now on is its writer's to count, who would else be done with it before this process ends.
      source.leave();
      if (!reader.end) leftAfterFrame = lastFrameNumber;
      if (count === 0) return;
      const reason = readerGoneReason(true);
      context.countLost(count, reason, "in");
      context.emit({ event: "drop", stage: "stream-in", firstFrame, count, reason });
    }

    return {
      next(frame) {
        patience.waits();
        const outcome = reader.next(frame);
        if (outcome === "frame") {
          patience.arrived(frame.header);
          return "frame";
        }
        if (reader.framesWithoutPixels > 0) {
          const count = formatCount(reader.framesWithoutPixels, "frame");
          context.warn(`left out the detections of ${count} without pixels; --detections-only takes them`);
        }
        if (context.isStopped() || outcome === "stopped") {
          if (plan.upstream === "live" && !context.isAborted() && !reader.end) leave(frame);
          return "stopped";
        }
        if (outcome === "cut") cutAfterFrame = reader.lastFrameNumber;
        const what = outcome === "cut" ? cutText(reader, source) : failureBefore(reader.end);
        if (what === undefined) return "end";
        if (!plan.allowTruncated) throw failure("stream-ended-early", plan.name, what, truncatedHint);
        context.warn(what);
        return "end";
      },
      upstreamEnd(): EndOfStream {
        const { failure: before, ...end } = reader.end ?? { isComplete: false, lost: 0, stages: [] };
        return before === undefined || plan.allowTruncated ? end : { ...end, failure: before };
      },
      summary() {
        const upstreamFailure = failureBefore(reader.end);
        return {
          ...(cutAfterFrame === null ? {} : { cutAfterFrame }),
          ...(leftAfterFrame === null ? {} : { leftAfterFrame }),
          ...(upstreamFailure === undefined ? {} : { upstreamFailure }),
        };
      },
      close() {
        source.close();
      },
    };
  },
});

const truncatedHint =
  "The program before ended early, or the copy is incomplete; --allow-truncated takes what is there.";

function cutText(reader: StreamReader, source: ByteSource): string {
  const where = reader.lastFrameNumber < 0 ? "before its first frame" : `after frame ${reader.lastFrameNumber}`;
  return `the stream was cut ${where}, at byte ${source.position}`;
}

/** What ended the stream early, as the process before us says; undefined when it ended as it should. */
function failureBefore(end: EndOfStream | undefined): string | undefined {
  return typeof end?.failure === "string" ? `the stream ended early: ${end.failure}` : undefined;
}

/** A frame of 65,536 x 65,536 pixels does not hold more particles worth tracking; what claims more is not believed. */
const mostAcceptedRows = 16_000_000;

/** Room for detections: what the stream says, else the densest packing at the separation the tracking ran with, as its stage declared it. */
function capacityOf(descriptor: StreamDescriptor): number {
  const { mostRows } = descriptor.detections ?? {};
  if (isWholeNumber(mostRows, 0, mostAcceptedRows)) return mostRows;
  const track = descriptor.producedBy.find((step) => step.options.diameter !== undefined)?.options;
  const diameter = (track?.diameter ?? { y: 3, x: 3 }) as { y: number; x: number };
  const separation = (track?.separation ?? { y: diameter.y + 1, x: diameter.x + 1 }) as { y: number; x: number };
  const isSound = separation.y >= 1 && separation.x >= 1;
  return detectionCapacity(descriptor.shape, isSound ? separation : { y: 1, x: 1 });
}
