/** The `archive` stage: frames and tracks into files, the container chosen by each file's extension. */
import { MoteError, type Problem, refusal } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { option } from "../core/option/option.js";
import { isGiven } from "../core/option/rules.js";
import { defineStage } from "../core/pipeline/stage.js";
import type { FilesPlan } from "../core/storage/archive/archive-files.js";
import {
  containerOptions,
  containerProblems,
  containerSettings,
  extensionsText,
} from "../core/storage/archive/format-choices.js";
import { framesTogether } from "../core/storage/archive/frames-together.js";
import { whereOf } from "../core/storage/archive/where.js";
import {
  containerFor,
  folderContainer,
  isFolderName,
  isPlainFolder,
  stdoutName,
  streams,
} from "../core/storage/container-for.js";
import { diskOptions, diskPlan } from "../core/storage/disk/disk-options.js";
import { extensionOf } from "../core/storage/extension.js";
import { type Container, keepsPixels } from "../core/storage/formats/format.js";
import type { StoreSettings } from "../core/storage/frame-store.js";
import { rootOption } from "../core/storage/root/root-option.js";
import { isKind } from "../core/storage/root/run-names.js";
import { syncOption } from "../core/storage/sync/sync-plan.js";
import { epochNow } from "../core/time.js";
import type { WorkerCount } from "../core/workers/processors.js";
import { archivePresets, presetOption, presetProblem, presetValue } from "./archive-presets.js";
import { summaries } from "./summaries.js";

const own = {
  ...presetOption,
  out: option.list(
    option.path({
      doc: `File to write; its extension decides what: ${extensionsText()}. A name that ends in /, or a folder that is there: ${folderContainer.summary} (see --name-template). - is stdout (see --to). May be given several times. With --root an extension alone; .tif/ for a file a frame.`,
    }),
    { required: true },
  ),
  to: option.choice(Object.keys(streams), {
    doc: "What goes to stdout, where --out is -: rows for the program behind the pipe, as they are found.",
  }),
  ...rootOption("as in data/2026-11-20/tracking_run_001.h5, tracks_run_001.csv and run_001.tif"),
  force: option.flag({
    doc: "Replace files that exist, and archives that are folders, but no single frame's file.",
    default: false,
  }),
  ...diskOptions,
  ...syncOption,
  workers: option.count({
    doc: "Threads that compress frames, where a container can use several. Default: one a processor.",
    min: 1,
    max: 64,
  }),
};

/** What can be chosen of the containers is declared by their formats. */
const options = { ...own, ...containerOptions };

/** Loaded when a run begins: help needs no files. */
const archiveFiles = () => import("../core/storage/archive/archive-files.js");

interface Facts extends WorkerCount {
  /** Day on which the run starts, local time, as 2026-11-20. */
  readonly date: string;
  /** Which of the files to write are folders already. */
  readonly folders: readonly string[];
}

export const archive = defineStage<typeof own, FilesPlan, Facts>({
  name: "archive",
  role: "sink",
  summary: summaries.archive,
  description:
    "Every file is readable up to the last frame even if the process is killed, and says whether it was closed with every " +
    "frame that came (mote verify). One file that cannot be written any more does not lose the others: see --on-full. " +
    "docs/formats.md says which one is for what.",
  options,
  presets: archivePresets,
  examples: [
    {
      cmd: "run acquire --camera sim --frames 20 --size 128x128 then track --diameter 11 then archive --out tracks.csv",
      shows: "Tracks of a simulated recording as a table.",
    },
    {
      cmd: "run acquire --camera sim --frames 20 --size 128x128 then track --diameter 11 then archive --to csv --out - | head -3",
      shows: "The rows on stdout as they are found, for another program; run.h5 beside it would keep all.",
    },
    {
      cmd: "run acquire --camera sim --frames 3 --size 64x64 then archive --out tifs/ --name-template '{date}/run_{run:03}_frame_{frame:06}.tiff' --run 2",
      shows: "One TIFF a frame, each with all metadata, in a folder of the day.",
    },
    {
      cmd: "run acquire --camera sim --frames 3 --size 128x128 then track --preset tweezer then archive --preset tweezer --root .",
      shows: "The files that the optical tweezer's camera system documents, in the folder of the day.",
    },
  ],
  async look(o) {
    const [{ chooseWorkers }, { localDay }] = await Promise.all([
      import("../core/workers/processors.js"),
      import("../core/storage/root/run-number.js"),
    ]);
    const folders = o.root === undefined ? o.out.filter(isPlainFolder) : [];
    return { ...chooseWorkers(o.workers), date: localDay(epochNow()), folders };
  },
  negotiate(input, o, facts) {
    if (!input) throw refusal("stages-do-not-fit", "archive", "there is nothing to write", "Put `acquire` before it.");
    const unnamed = presetProblem(o);
    if (unnamed) throw new MoteError([unnamed], { exitCode: 2 });
    const out = o.out.map((path) => (facts.folders.includes(path) && !isFolderName(path) ? `${path}/` : path));
    const problems: Problem[] = [];
    const written: { path: string; container: Container }[] = [];
    for (const path of out) {
      try {
        written.push({ path, container: fittingContainer(path, o.to, input) });
        if (o.root !== undefined) checkKind(path);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        problems.push(...error.problems);
      }
    }
    // With those of the containers, which this stage does not know by name.
    const values: Readonly<Record<string, unknown>> = o;
    const asked = {
      out: written,
      root: o.root,
      date: facts.date,
      input,
      isGiven: (name: string) => isGiven(containerOptions[name], values[name], presetValue(o.preset, name)),
    };
    problems.unshift(...containerProblems("archive", values, asked));
    const disk = diskPlan(o);
    if (o.to !== undefined && !out.includes(stdoutName)) {
      problems.push({
        code: "stages-do-not-fit",
        where: `archive, --to ${o.to}`,
        what: "no --out is stdout",
        hint: "Add --out -, or leave --to out.",
      });
    }
    if (o.root !== undefined && o.force) {
      const hint = "Leave --force away: every run under --root has a number of its own.";
      problems.push({
        code: "option-conflict",
        where: "archive, --force",
        what: "there is nothing to replace under --root",
        hint,
      });
    }
    if (disk.policy === "tracks-only" && input.detections === null) {
      const hint = "Put `track` before it, or choose --on-full stop or pause.";
      problems.push({
        code: "option-conflict",
        where: "archive, --on-full tracks-only",
        what: "this stream has no tracks to go on with",
        hint,
      });
    }
    const settings = containerSettings(values, asked);
    const closedOnly = o.sync === "close" ? [] : syncedAtClose(written, settings, input);
    problems.push(...closedOnly.flatMap(({ problem }) => problem ?? []));
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    const { workers } = facts;
    const keepsFrames = written.some(({ container }) => keepsPixels(container, input));
    const notes = [...facts.notes, ...closedOnly.flatMap(({ note }) => note ?? []), ...pixelsLeftOut(written, input)];
    return {
      output: input,
      plan: {
        out,
        to: o.to ?? null,
        root: o.root ?? null,
        force: o.force,
        disk,
        workers,
        settings,
        sync: o.sync,
      },
      keepsFrames,
      needs: {
        pixelChecksums: keepsFrames,
        heldFrames: framesTogether(input) - 1,
      },
      notes,
    };
  },
  feedsReader: ({ out }) => out.includes(stdoutName),
  check: async (plan, input) => (await archiveFiles()).fileProblems(plan, input),
  uses: async (plan) => (await archiveFiles()).usedFiles(plan),
  async open(plan, context) {
    const [{ openFiles }, { StoreSet }, { notesWithoutPlace }] = await Promise.all([
      archiveFiles(),
      import("../core/storage/archive/store-set.js"),
      import("../core/storage/archive/notes-without-place.js"),
    ]);
    const { geometry, warn } = context;
    const files = await openFiles(plan, context.clock.nowNs(), { descriptor: context.input, geometry, warn }, context);
    const paths = files.stores.map(({ path }) => path);
    if (plan.root !== null) context.say(`writing ${paths.join(", ")}`);
    const { stored: onDurable } = context;
    const stores = new StoreSet(files.stores, plan.disk, context, { plan: plan.sync, onDurable });
    const tellOfNotes = notesWithoutPlace(files.withoutNotes, warn);
    let hasFrames = false;
    return {
      async push(frame) {
        hasFrames = true;
        return (await stores.append([frame]))[0];
      },
      mostTogether: framesTogether(context.input),
      pushTogether: (frames) => {
        hasFrames = true;
        return stores.append(frames);
      },
      event(event) {
        tellOfNotes(event);
        stores.event(event);
      },
      upkeep: { dueAt: () => stores.commit.dueAt(), run: () => stores.commit.sync() },
      // A stream that failed before its first frame leaves no file: the close below finds them all empty.
      async flush(end) {
        if (hasFrames || end.failure === undefined) await stores.close(end);
      },
      summary: () => ({
        files: stores.files,
        ...(plan.sync !== "close" && { synced: { ...stores.commit.counts } }),
      }),
      // Only when the stream's end never came: what is still open then has been cut.
      async close() {
        try {
          await stores.close(null);
        } finally {
          files.release();
        }
      },
    };
  },
});

/** Of files that --sync cannot reach before they are closed: a complaint where these are to keep frames or are all, else a note. */
function syncedAtClose(
  written: readonly { readonly path: string; readonly container: Container }[],
  settings: StoreSettings,
  input: StreamDescriptor,
): { readonly problem?: Problem; readonly note?: string }[] {
  const files = written.filter(({ path }) => path !== stdoutName);
  const late = files.flatMap(({ path, container }) => {
    const why = container.closedOnly?.(settings);
    return why === undefined ? [] : [{ path, why, isKeeper: keepsPixels(container, input) }];
  });
  return late.map(({ path, why, isKeeper }) => {
    if (!isKeeper && late.length < files.length) return { note: `${path} is durable only once it is closed: ${why}` };
    const hint = "Use --sync close, or another container.";
    const what = `${path} is durable only once it is closed: ${why}`;
    return { problem: { code: "option-conflict", where: "archive, --sync", what, hint } };
  });
}

/** What a file that has room for pixels does without, where no other file has them. */
function pixelsLeftOut(
  written: readonly { readonly path: string; readonly container: Container }[],
  input: StreamDescriptor,
): string[] {
  if (!input.hasFrames || written.some(({ container }) => keepsPixels(container, input))) return [];
  const rows = written.filter(({ path, container }) => container.isEither && path !== stdoutName);
  return rows.map(({ path }) => `${path} keeps the detections, a row each: no --out keeps the pixels`);
}

/** Under --root the names are the convention's. */
function checkKind(out: string): void {
  if (isKind(out)) return;
  throw refusal(
    "bad-name",
    whereOf(out),
    "expected a kind of file, as --root names the files itself",
    `Such as --out ${extensionOf(out)}, or leave --root away.`,
  );
}

/** The container of a name; refuses one that could hold nothing of this stream. */
function fittingContainer(path: string, to: string | undefined, input: StreamDescriptor): Container {
  const where = whereOf(path);
  const container = containerFor(where, path, to);
  if ((container.keepsFramesOnly || container.needsFrames) && !input.hasFrames) {
    throw refusal(
      "stages-do-not-fit",
      where,
      "expected a stream with frames, got one of detections only",
      "Leave --no-frames away.",
    );
  }
  if (input.detections !== null) return container;
  if (!container.keepsFrames) {
    throw refusal(
      "stages-do-not-fit",
      where,
      "expected a stream with detections, got one of frames only",
      "Put `track` before it.",
    );
  }
  if (!input.hasFrames)
    throw refusal("stages-do-not-fit", where, "expected frames or detections, got a stream of neither");
  return container;
}
