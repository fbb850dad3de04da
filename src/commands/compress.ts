/** The `compress` stage: every frame a file of its own, losslessly; mappers code, the serial part writes in order. */
import { MoteError, type Problem, refusal } from "../core/errors.js";
import { frameBytes, type StreamDescriptor } from "../core/model/descriptor.js";
import type { JsonObject } from "../core/model/json.js";
import { option } from "../core/option/option.js";
import { defineStage, type StreamOrigin } from "../core/pipeline/stage.js";
import type { DiskGuard } from "../core/storage/disk/disk-guard.js";
import { diskPlan, frameDiskOptions } from "../core/storage/disk/disk-options.js";
import type { CompressPlan } from "../core/storage/formats/compression.js";
import { compression } from "../core/storage/formats/registry.js";
import { syncOption } from "../core/storage/sync/sync-plan.js";
import type { WorkerCount } from "../core/workers/processors.js";
import { summaries } from "./summaries.js";

/** Why a frame that went to quarantine is missing from the files; a loss. */
const quarantined = "in quarantine";

const format = await compression();

const own = {
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
  ...frameDiskOptions,
  ...syncOption,
};

/** What is compressed into, and how, is declared by its format. */
const options = { ...format.options, ...own };

export const compress = defineStage<typeof own, CompressPlan, WorkerCount>({
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
  async look(o) {
    const { chooseWorkers } = await import("../core/workers/processors.js");
    return { ...(await format.look(o)), ...chooseWorkers(o.workers) };
  },
  negotiate(input, o, facts, origin) {
    if (!input) throw refusal("stages-do-not-fit", "compress", "there is nothing to write", "Put `acquire` before it.");
    if (!input.hasFrames) {
      const hint = "Leave --no-frames away before it.";
      throw refusal("stages-do-not-fit", "compress", "expected frames, got a stream of detections only", hint);
    }
    const problems = [...format.problems(o, input, facts), ...sourceProblems(input, o, origin)];
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    return {
      output: input,
      plan: {
        ...format.settings(o),
        disk: diskPlan(o),
        sync: o.sync,
        deleteSource: o.deleteSource,
        verifyEvery: o.verify ?? defaultVerifyEvery(input),
      },
      keepsFrames: true,
      notes: facts.notes,
      needs: { mappers: facts.workers, productBytes: frameBytes(input), pixelChecksums: true },
    };
  },
  check: async (plan, input) => (await format.load()).check(plan, input),
  async open(plan, context) {
    const [compressor, { DiskGuard }, { SyncedFolder }] = await Promise.all([
      format.load(),
      import("../core/storage/disk/disk-guard.js"),
      import("../core/storage/sync/synced-folder.js"),
    ]);
    let guard: DiskGuard | undefined;
    const folder = compressor.open(plan, {
      descriptor: context.input,
      startedAtNs: context.clock.nowNs(),
      warn: context.warn,
      mayTryAgain: (error) => guard?.mayTryAgain(error) ?? false,
    });
    const guarded = { folder: folder.folder, frameBytes: frameBytes(context.input) };
    const disk = new DiskGuard(guarded, plan.disk, context);
    guard = disk;
    if (folder.isNamedByRoot) context.say(`writing ${folder.folder}/${folder.firstName} and so on`);
    if (context.input.detections !== null) {
      context.warn("the detections of this stream are not written; mote archive keeps them");
    }
    const { counts } = folder;
    const synced = new SyncedFolder(folder, plan.sync, context.warn, context.stored);
    return {
      async push(frame, product) {
        const { frameNumber } = frame.header;
        let loss = disk.lossOf(frameNumber, counts.stored);
        if (loss === undefined) {
          try {
            const outcome = await folder.store(frame, product);
            disk.wrote(guarded.frameBytes);
            if (outcome === "quarantined") return { drop: quarantined };
            await synced.stored(frameNumber);
            return undefined;
          } catch (error) {
            loss = disk.end(error, frameNumber, counts.stored);
          }
        }
        folder.miss();
        return { drop: loss };
      },
      event: (event) => disk.attempt(() => folder.event(event)),
      upkeep: synced,
      async flush(end) {
        disk.attempt(() => folder.end(end));
        await synced.end();
      },
      summary: (): JsonObject => ({
        frames: counts.stored,
        bytesIn: counts.rawBytes,
        bytesOut: counts.bytes,
        ratio: counts.bytes === 0 ? null : Number((counts.rawBytes / counts.bytes).toPrecision(4)),
        verified: counts.verified,
        quarantined: counts.quarantined,
        resumed: counts.resumed,
        ...(plan.sync !== "close" && { synced: { ...synced.counts } }),
        ...(plan.deleteSource ? { sources: { ...folder.sources } } : {}),
        files: [{ path: folder.folder, bytes: counts.bytes, frames: counts.stored, rows: 0 }],
      }),
      close: () => folder.close(),
    };
  },
  async openMapper(plan, context) {
    const compressor = await format.load();
    const coder = await compressor.openCoder(plan, { descriptor: context.input, startedAtNs: context.clock.nowNs() });
    return { map: (frame, product) => coder.code(frame, product) };
  },
});

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
