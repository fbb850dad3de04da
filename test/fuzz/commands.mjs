/** What the commands do with an input, called in this process: their own functions, without terminal and exit. */
import { join } from "node:path";
import { loadStage, loadTap, stageNames } from "../../dist/commands/index.js";
import { inspect } from "../../dist/commands/inspect.js";
import { link } from "../../dist/commands/link.js";
import { recover } from "../../dist/commands/recover.js";
import { streamOut } from "../../dist/commands/stream-out.js";
import { verify } from "../../dist/commands/verify.js";
import { everyRun, takeEvery } from "../../dist/core/cli/every-option.js";
import { failure } from "../../dist/core/errors.js";
import { Held } from "../../dist/core/held.js";
import { explained } from "../../dist/core/imaging/explained.js";
import { wholeOf } from "../../dist/core/imaging/region.js";
import { borrowPixels, bytesPerPixel } from "../../dist/core/model/pixel-format.js";
import { decodeOptions } from "../../dist/core/option/decode-options.js";
import { checkRun, planRun } from "../../dist/core/pipeline/negotiate.js";
import { parseRunFile } from "../../dist/core/pipeline/run-file.js";
import { fileConflicts } from "../../dist/core/storage/claim/own-inputs.js";
import { openImageFile } from "../../dist/core/storage/read/image-formats.js";
import { lookAtFiles } from "../../dist/core/storage/read/look-at-files.js";
import { readTextFile } from "../../dist/core/storage/text-file.js";

const mostFrames = 40;
const context = { version: "0.0.0", reads: [], progress() {} };

async function call(command, raw) {
  const { options, problems } = decodeOptions(command.name, command.options, raw);
  if (problems.length > 0) throw new Error(problems[0].what);
  const result = await command.run(options, context, await command.look?.(options));
  for await (const _ of result.data ?? []);
}

/** The headers, then frames, as a replay does. */
async function acquire(path) {
  const { files } = await lookAtFiles("acquire", [path]);
  try {
    for (const { path: one, frames } of files.slice(0, mostFrames)) {
      const file = await openImageFile(one);
      try {
        const { shape, pixelFormat } = file.facts;
        const count = shape.height * shape.width;
        const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
        for (let at = 0; at < Math.min(frames, mostFrames); at++) await file.readFrame(at, pixels, wholeOf(shape));
      } finally {
        file.close();
      }
    }
  } catch (error) {
    throw explained(path, error, failure);
  }
}

/** What a run does before it opens anything. */
async function plan(requests, onFailure) {
  const world = { lookAtFiles, holder: new Held() };
  await checkRun(await planRun(requests, "0.0.0", world, onFailure, loadTap), () => undefined, fileConflicts, {});
}

async function run(path) {
  const { calls, onFailure } = parseRunFile("run", readTextFile("run", path), stageNames);
  const requests = await Promise.all(
    calls.map(async ({ stage, ...call }) => ({ ...call, stage: await loadStage(stage) })),
  );
  await plan(requests, onFailure);
}

/** The options of an acquisition, some of which are those of its way out, as `mote acquire` takes them apart. */
async function config(path, folder) {
  const given = { config: path, output: join(folder, "out.mote") };
  const { raw } = await takeEvery("acquire", given, everyRun);
  const names = Object.keys(raw);
  const of = (picked) => Object.fromEntries(picked.map((name) => [name, raw[name]]));
  const isOfOut = (name) => Object.hasOwn(streamOut.options, name);
  const source = {
    stage: await loadStage("acquire"),
    label: "acquire",
    raw: of(names.filter((name) => !isOfOut(name))),
  };
  const out = { stage: streamOut, label: "stream-out", servedStage: "acquire", raw: of(names.filter(isOfOut)) };
  await plan([source, out]);
}

export const inProcess = {
  acquire: (path) => acquire(path),
  inspect: (path) => call(inspect, { files: [path] }),
  verify: (path) => call(verify, { files: [path] }),
  recover: (path, folder) =>
    call(recover, { files: [path], out: join(folder, `out${path.slice(path.search(/(\.ome)?\.\w+$/))}`) }),
  link: (path, folder) => call(link, { tables: [path], searchRange: "5", out: join(folder, "linked.csv") }),
  run: (path) => run(path),
  config: (path, folder) => config(path, folder),
};

/** The words of the command line for the same. */
export function wordsOf(command, path, folder) {
  const out = join(folder, `out${/(\.ome)?\.\w+$/.exec(path)?.[0] ?? ""}`);
  switch (command) {
    case "acquire":
      return ["acquire", path, "--output", join(folder, "out.mote"), "--frames", "100"];
    case "recover":
      return ["recover", path, "--out", out];
    case "link":
      return ["link", path, "--search-range", "5", "--out", join(folder, "linked.csv")];
    case "config":
      return ["acquire", "--config", path, "--output", join(folder, "out.mote")];
    default:
      return [command, path];
  }
}
