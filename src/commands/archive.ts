/** The `archive` stage: frames and tracks into files, the container chosen by each file's extension. */
import { failure, MoteError, type Problem, refusal } from "../core/errors.js";
import { frameBytes, type StreamDescriptor } from "../core/model/descriptor.js";
import type { EndOfStream } from "../core/model/run-report.js";
import { option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import { fileBytes, freeBytes, newFileProblem, realPath, spaceProblems } from "../core/storage/files.js";
import { containerFor, extensionOf, type FrameStore, type StoreSettings } from "../core/storage/frame-store.js";
import { h5Options, h5Settings } from "../core/storage/h5/h5-options.js";
import { tiffOptions, tiffRefusal, tiffSettings } from "../core/storage/tiff/tiff-options.js";
import { formatBytes } from "../core/units.js";

/** How often the room on the disks is looked at while running, milliseconds. */
const lookEveryMs = 500;

const options = {
  out: option.list(
    option.path({
      doc: "File to write; its extension decides what: .h5 (frames, tracks, metadata), .csv, .parquet or .ndjson (tracks), .mote (the stream as it came), .tif or .ome.tif (frames). May be given several times.",
    }),
    { required: true },
  ),
  force: option.flag({ doc: "Replace files that exist.", default: false }),
  minFree: option.number({
    doc: "Bytes to leave free on the disk: instead of refusing a run that may not fit, go on until this is reached.",
    unit: "B",
    min: 0,
    metavar: "size",
  }),
  workers: option.count({
    doc: "Threads that compress the frames of a .tif. Default: one a processor.",
    min: 1,
    max: 64,
  }),
  ...h5Options,
  ...tiffOptions,
};

interface Plan {
  readonly out: readonly string[];
  readonly force: boolean;
  readonly minFree: number | null;
  readonly workers: number;
  readonly settings: StoreSettings;
}

interface Facts {
  readonly processors: number;
}

export const archive = defineStage<typeof options, Plan, Facts>({
  name: "archive",
  role: "sink",
  summary: "Write frames and tracks to files: HDF5, TIFF, tables or the frame stream itself.",
  description:
    "Every file is readable up to the last frame even if the process is killed. In .h5 the attribute is_complete of /metadata, in .mote the end message says whether a file was closed in order. A .tif keeps frames only; it is classic TIFF when the number of frames is known and fits in 4 GB, BigTIFF otherwise. An .ome.tif counts its frames in SizeT at every moment; their times join its OME-XML at the end, and stand in each page before. A .parquet has the columns, units and times (seconds) of the .csv in row groups of 100,000 rows and is whole after every frame: until it is closed it is a sparse file with up to 40 MB of holes. An .ndjson has bluesky's documents, one a line: start, descriptor, an event a frame with an array for each column, an event of the stream `events` for every gap or drop, and stop, which is missing when the run was killed.",
  options,
  examples: [
    {
      cmd: "run acquire --camera sim --frames 20 --size 128x128 then track --diameter 11 then archive --out tracks.csv",
      shows: "Tracks of a simulated recording as a table.",
    },
  ],
  async look() {
    const { processorCount } = await import("../core/workers/processors.js");
    return { processors: processorCount() };
  },
  negotiate(input, o, facts) {
    if (!input) throw refusal("archive", "there is nothing to write", "Put `acquire` before it.");
    const settings: StoreSettings = { hdf5: h5Settings(o), tiff: tiffSettings(o) };
    const problems: Problem[] = [];
    for (const path of o.out) {
      try {
        checkFits(path, input, settings);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    return {
      output: input,
      plan: {
        out: o.out,
        force: o.force,
        minFree: o.minFree ?? null,
        workers: o.workers ?? facts.processors,
        settings,
      },
    };
  },
  check(plan, input) {
    const problems: Problem[] = [];
    const seen = new Set<string>();
    const writable: string[] = [];
    for (const path of plan.out) {
      const where = whereOf(path);
      const real = realPath(path);
      if (seen.has(real)) problems.push({ where, what: "is given twice", hint: "Each file needs a name of its own." });
      else {
        const problem = newFileProblem(where, path, plan.force);
        if (problem) problems.push(problem);
        else writable.push(path);
      }
      seen.add(real);
    }
    const needs = writable.map((path) => {
      const keepsFrames = containerFor(whereOf(path), path).keepsFrames && input.hasFrames;
      const frames =
        keepsFrames && input.frameCount !== null ? { count: input.frameCount, bytes: frameBytes(input) } : null;
      return { path, where: whereOf(path), frames };
    });
    return [...problems, ...spaceProblems(needs, plan.minFree ?? undefined)];
  },
  async open(plan, context) {
    const stores: { readonly path: string; readonly store: FrameStore }[] = [];

    /** Closes every container; the first error is thrown after the last is closed. */
    async function closeAll(end: EndOfStream | null): Promise<void> {
      let first: unknown;
      for (const { store } of stores.splice(0)) {
        try {
          await store.close(end);
        } catch (error) {
          first ??= error;
        }
      }
      if (first !== undefined) throw first;
    }

    try {
      for (const path of plan.out) {
        const where = whereOf(path);
        const open = await containerFor(where, path).load();
        const store = await open({
          path,
          where,
          descriptor: context.input,
          geometry: context.geometry,
          isForced: plan.force,
          workers: plan.workers,
          warn: context.warn,
          settings: plan.settings,
        });
        stores.push({ path, store });
      }
    } catch (error) {
      await closeAll(null);
      throw error;
    }

    let lookedAtMs = context.clock.nowMs();
    function watchDisks(): void {
      if (plan.minFree === null || context.clock.nowMs() - lookedAtMs < lookEveryMs) return;
      lookedAtMs = context.clock.nowMs();
      for (const { path, store } of stores) {
        const free = freeBytes(path);
        if (free >= plan.minFree) continue;
        throw failure(
          whereOf(path),
          `stopped after ${store.frames} frames: disk has ${formatBytes(free)} free, less than --min-free ${formatBytes(plan.minFree)}`,
          "Everything up to here is in the file; make room and record the rest under another name.",
        );
      }
    }

    const written = plan.out.map((path) => ({ path, bytes: 0, frames: 0, rows: 0 }));
    return {
      async push(frame) {
        watchDisks();
        for (const [index, { store }] of stores.entries()) {
          await store.append(frame);
          const count = written[index]!;
          count.frames = store.frames;
          count.rows = store.rows;
        }
        return undefined;
      },
      event(event) {
        for (const { store } of stores) store.event(event);
      },
      async flush(end) {
        await closeAll(end);
        for (const file of written) file.bytes = fileBytes(file.path);
      },
      summary: () => ({ files: written }),
      // Only when the stream's end never came: what is still open then has been cut.
      close: () => closeAll(null),
    };
  },
});

function whereOf(path: string): string {
  return `archive, --out ${path}`;
}

/** Refuses a container that could hold nothing of this stream. */
function checkFits(path: string, input: StreamDescriptor, settings: StoreSettings): void {
  const where = whereOf(path);
  const container = containerFor(where, path);
  if (container.keepsFramesOnly && !input.hasFrames) {
    throw refusal(where, "expected a stream with frames, got one of detections only", "Leave --no-frames away.");
  }
  const refused = /\.tiff?$/.test(extensionOf(path)) ? tiffRefusal(where, settings.tiff!) : undefined;
  if (refused) throw refused;
  if (input.detections !== null) return;
  if (!container.keepsFrames) {
    throw refusal(where, "expected a stream with detections, got one of frames only", "Put `track` before it.");
  }
  if (!input.hasFrames) throw refusal(where, "expected frames or detections, got a stream of neither");
}
