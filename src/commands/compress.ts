/** The `compress` stage: every frame a lossless JPEG XL file; mappers encode, the serial part writes in order. */
import { MoteError, type Problem, refusal } from "../core/errors.js";
import { frameBytes, type StreamDescriptor } from "../core/model/descriptor.js";
import type { JsonObject } from "../core/model/json.js";
import { option } from "../core/option/option.js";
import { defineStage, type StreamOrigin } from "../core/pipeline/stage.js";
import type { DiskGuard } from "../core/storage/disk/disk-guard.js";
import { diskPlan, frameDiskOptions } from "../core/storage/disk/disk-options.js";
import type { PlacePlan } from "../core/storage/formats/jxl/folder-place.js";
import type { FrameFolder } from "../core/storage/formats/jxl/frame-folder.js";
import { placeProblems, templateOf } from "../core/storage/formats/jxl/place-problems.js";
import { rootOption } from "../core/storage/root/root-option.js";
import type { WorkerCount } from "../core/workers/processors.js";
import { summaries } from "./summaries.js";

/** Why a frame that went to quarantine is missing from the files; a loss. */
const quarantined = "in quarantine";

/** One verified frame in so many is decoded by libjxl, the others by our own decoder where it can. */
const secondOpinionEvery = 64;

const options = {
  out: option.path({
    doc: "Folder for the files and their journal, journal.ndjson; made when it is not there. This or --root.",
    metavar: "folder",
  }),
  ...rootOption("as in data/2026-11-20/run_001_frame_000000.jxl, with run_001_journal.ndjson"),
  nameTemplate: option.text({
    doc: "Name of a frame's file: {frame} is its number ({frame:06} with zeros to six digits), {run} that of --run, {date} the day the run started, in local time. Default frame_{frame:06}.jxl, with --root run_{run:03}_frame_{frame:06}.jxl.",
    metavar: "template",
  }),
  run: option.count({
    doc: "Number that {run} in the name template stands for. Default 1, with --root the next free one of the day.",
    min: 0,
  }),
  effort: option.count({
    doc: "How hard to try: 1 keeps up with cameras; 7 takes about a hundred times as long for files a tenth smaller.",
    min: 1,
    max: 9,
    default: 1,
  }),
  encoder: option.choice(["libjxl", "cjxl"], {
    doc: "libjxl is built in; cjxl is the program of that name, which has to be installed, one process a frame.",
    default: "libjxl",
  }),
  workers: option.count({ doc: "Threads that encode. Default: one a processor.", min: 1, max: 64 }),
  verify: option.custom<number, { doc: string; expected: string; metavar: string }>(
    {
      doc: "Decode frames again and compare them before they count: all, every n-th, or none. At effort 1 that doubles the work, at higher efforts it is little beside it. Default: all, or sample:10 of a live camera.",
      expected: "all, sample:N or none",
      metavar: "which",
    },
    (raw) => {
      if (raw === "all") return 1;
      if (raw === "none") return 0;
      const every = typeof raw === "string" ? Number(/^sample:(\d{1,9})$/.exec(raw)?.[1]) : Number.NaN;
      return every >= 1 ? every : undefined;
    },
  ),
  from: option.list<string>(
    option.path({
      doc: "Compress these files, folders or quoted patterns instead of a stream, at the lowest priority, as from cron.",
      metavar: "file",
    }),
  ),
  deleteSource: option.flag({
    doc: "Delete each file once its frames are stored, verified and synced. No source hands its files over for that so far, and it is refused: delete them yourself once mote verify has found the folder whole.",
    default: false,
  }),
  resume: option.flag({
    doc: "Go on with a run that was cut: frames whose file and line in the journal are there are compared by checksum and not stored again.",
    default: false,
  }),
  ...frameDiskOptions,
};

interface Plan extends PlacePlan {
  readonly effort: number;
  readonly encoder: "libjxl" | "cjxl";
  readonly deleteSource: boolean;
  /** Every n-th frame is decoded again; 0: none. */
  readonly verifyEvery: number;
}

interface Facts extends WorkerCount {
  /** Of the cjxl program; null when it is not asked for or not there. */
  readonly cjxl: string | null;
}

/** Loaded when a run begins: help needs no folders. */
const folderPlace = () => import("../core/storage/formats/jxl/folder-place.js");

/** What cannot become a lossless JPEG XL. */
function checkInput(input: StreamDescriptor): void {
  if (!input.hasFrames) {
    throw refusal(
      "stages-do-not-fit",
      "compress",
      "expected frames, got a stream of detections only",
      "Leave --no-frames away before it.",
    );
  }
  if (input.pixelFormat === "float32") {
    throw refusal(
      "stages-do-not-fit",
      "compress",
      "expected uint8 or uint16 frames, got float32",
      "JPEG XL would round them: keep floats with mote archive --out run.h5.",
    );
  }
}

export const compress = defineStage<typeof options, Plan, Facts>({
  name: "compress",
  role: "sink",
  summary: summaries.compress,
  description:
    "A file appears under its name when its bytes are on the disk, and never replaces another. journal.ndjson beside the files holds " +
    "numbers, times, sizes and checksums; mote acquire reads both back. A frame that fails three times goes to quarantine/ as raw " +
    "pixels with the reason (exit code 3). What is not stored for want of room is counted and the journal's end says so: --resume goes on there. Detections are not written: archive keeps them.",
  options,
  replays: "from",
  examples: [
    {
      cmd: "acquire fixtures/beads.mote | mote compress --out jxl",
      shows: "Every frame of a recording as jxl/frame_000000.jxl and so on, decoded again and compared.",
    },
    {
      cmd: "run acquire --camera sim --frames 12 --size 256x256 then compress --out night --effort 3 --verify sample:4 --name-template 'run_{run:03}_frame_{frame:06}.jxl' --run 7",
      shows: "Smaller files, every fourth compared, names with the run's number.",
    },
  ],
  async look({ encoder, workers }) {
    const { chooseWorkers } = await import("../core/workers/processors.js");
    const isAsked = encoder === "cjxl";
    const cjxl = isAsked ? (await import("../core/codecs/jxl/cjxl-encoder.js")).cjxlVersion() : undefined;
    return { cjxl: cjxl ?? null, ...chooseWorkers(workers) };
  },
  negotiate(input, o, facts, origin) {
    if (!input) throw refusal("stages-do-not-fit", "compress", "there is nothing to write", "Put `acquire` before it.");
    checkInput(input);
    const problems = [...placeProblems(o), ...sourceProblems(input, o, origin), ...encoderProblems(o.encoder, facts)];
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    return {
      output: input,
      plan: {
        out: o.out ?? null,
        root: o.root ?? null,
        nameTemplate: templateOf(o),
        run: o.run ?? null,
        disk: diskPlan(o),
        effort: o.effort,
        encoder: o.encoder,
        deleteSource: o.deleteSource,
        verifyEvery: o.verify ?? defaultVerifyEvery(input),
        resume: o.resume,
      },
      notes: facts.notes,
      needs: { mappers: facts.workers, productBytes: frameBytes(input), pixelChecksums: true },
    };
  },
  check: async (plan, input) => (await folderPlace()).placeCheck(plan, input),
  async open(plan, context) {
    const [{ openFrameFolder }, { createSourceFiles }, { openPlace }, { DiskGuard }] = await Promise.all([
      import("../core/storage/formats/jxl/frame-folder.js"),
      import("../core/storage/formats/jxl/source-files.js"),
      folderPlace(),
      import("../core/storage/disk/disk-guard.js"),
    ]);
    const sources = createSourceFiles(plan.deleteSource, context.warn);
    const startedAtNs = context.clock.nowNs();
    const place = openPlace(plan, startedAtNs);
    const guarded = { folder: place.folder, frameBytes: frameBytes(context.input) };
    let guard: DiskGuard | undefined;
    let folder: FrameFolder;
    try {
      folder = openFrameFolder({
        ...place,
        isResumed: plan.resume,
        descriptor: context.input,
        startedAtNs,
        verifyEvery: plan.verifyEvery,
        sources,
        openCodec: () => openCodec(plan),
        warn: context.warn,
        mayTryAgain: (error) => guard?.mayTryAgain(error) ?? false,
      });
    } catch (error) {
      place.release();
      throw error;
    }
    guard = new DiskGuard(guarded, plan.disk, context);
    if (plan.root !== null) context.say(`writing ${place.folder}/${place.names.nameOf(0)} and so on`);
    if (context.input.detections !== null) {
      context.warn("the detections of this stream are not written; mote archive keeps them");
    }
    const { counts } = folder;
    return {
      async push(frame, product) {
        const { frameNumber } = frame.header;
        let loss = guard.lossOf(frameNumber, counts.stored);
        if (loss === undefined) {
          try {
            const outcome = await folder.store(frame, product);
            guard.wrote(guarded.frameBytes);
            return outcome === "quarantined" ? { drop: quarantined } : undefined;
          } catch (error) {
            loss = guard.end(error, frameNumber, counts.stored);
          }
        }
        folder.miss();
        return { drop: loss };
      },
      event: (event) => guard.attempt(() => folder.event(event)),
      flush: (end) => guard.attempt(() => folder.end(end)),
      summary: (): JsonObject => ({
        frames: counts.stored,
        bytesIn: counts.rawBytes,
        bytesOut: counts.bytes,
        ratio: counts.bytes === 0 ? null : Number((counts.rawBytes / counts.bytes).toPrecision(4)),
        verified: counts.verified,
        quarantined: counts.quarantined,
        resumed: counts.resumed,
        ...(plan.deleteSource ? { sources: { ...sources.counts } } : {}),
        files: [{ path: place.folder, bytes: counts.bytes, frames: counts.stored, rows: 0 }],
      }),
      close() {
        folder.close();
        place.release();
      },
    };
  },
  async openMapper(plan, context) {
    const [{ encodeFrame }, { storeEncoded }, { isThere, readResumed }, { fixedPlace }] = await Promise.all([
      import("../core/storage/formats/jxl/encode-frame.js"),
      import("../core/storage/formats/jxl/encoded-product.js"),
      import("../core/storage/formats/jxl/frame-folder.js"),
      folderPlace(),
    ]);
    const codec = await openCodec(plan);
    const { where, folder, journal } = fixedPlace(plan, context.clock.nowNs());
    const done = plan.resume ? readResumed(where, folder, journal)?.byFrame : undefined;
    const { shape } = context.input;
    return {
      map(frame, product) {
        if (!product || isThere(folder, done?.get(frame.header.frameNumber))) return;
        try {
          storeEncoded(product, encodeFrame(codec, frame, shape, plan.verifyEvery));
        } catch {
          // The serial part tries again with a fresh codec, and says what became of it.
        }
      },
    };
  },
});

async function openCodec({ effort, encoder }: Pick<Plan, "effort" | "encoder">) {
  const { openJxlDecoder, openJxlEncoder } = await import("../core/codecs/jxl/jxl-codec.js");
  const decoder = await openJxlDecoder(secondOpinionEvery);
  if (encoder === "libjxl") return { encoder: await openJxlEncoder(effort), decoder };
  const { openCjxlEncoder } = await import("../core/codecs/jxl/cjxl-encoder.js");
  return { encoder: openCjxlEncoder(effort), decoder };
}

/** A camera does not wait; what watch finds may be deleted afterwards, and files have time. */
function defaultVerifyEvery({ isLive, producedBy }: StreamDescriptor): number {
  return isLive && producedBy[0]?.stage !== "watch" ? 10 : 1;
}

/** Sources may be deleted only where this run's own watch found them, and only what was compared. */
function sourceProblems(
  { producedBy }: StreamDescriptor,
  { deleteSource, verify }: { readonly deleteSource: boolean; readonly verify: number | undefined },
  origin: StreamOrigin,
): Problem[] {
  if (!deleteSource) return [];
  const where = "compress, --delete-source";
  const hint = "Leave it away, and delete the files when mote verify has found the folder whole.";
  if (origin === "foreign") {
    return [
      {
        code: "option-conflict",
        where,
        what: "deletes files that this run itself opened, and these frames come as a stream",
        hint,
      },
    ];
  }
  const source = producedBy[0]?.stage ?? "the stream";
  const problems: Problem[] = [];
  if (source !== "watch") {
    problems.push({
      code: "stages-do-not-fit",
      where,
      what: `${source} does not hand its files over to be deleted`,
      hint,
    });
  }
  if (verify !== undefined && verify !== 1)
    problems.push({ code: "option-conflict", where, what: "needs every frame compared", hint: "Use --verify all." });
  return problems;
}

function encoderProblems(encoder: string, { cjxl }: Facts): Problem[] {
  if (encoder !== "cjxl" || cjxl !== null) return [];
  const hint =
    "Install it (Debian: apt install libjxl-tools), or leave --encoder away: the built-in one writes the same format.";
  return [
    { code: "no-such-program", where: "compress, --encoder cjxl", what: "there is no program cjxl to be run", hint },
  ];
}
