/** Says what is in a file or in the stream on stdin, and draws a frame of it. */
import { MoteError, refusal } from "../core/errors.js";
import { plainJson } from "../core/model/json.js";
import { given, option } from "../core/option/option.js";
import { defineCommand } from "../core/pipeline/command.js";
import type { Kind } from "../core/storage/inspect/inspect-file.js";
import { summaries } from "./summaries.js";

const ofPicture = { png: given } as const;
const sayWhich = "Say which frame to draw: --png 0.";

const options = {
  files: option.list<string>(
    option.path({
      doc: "A .mote, .h5, .tif, .png, .csv, .parquet or .ndjson file, or a .zarr folder; - for a frame stream on stdin.",
      metavar: "file",
    }),
    { required: true },
  ),
  png: option.count({ doc: "Draw the frame of this number, with its detections and their tails, as a PNG.", min: 0 }),
  pngOut: option.path({
    doc: "The .png file that the picture goes to; beside the file, as NAME.frame-N.png, when not given.",
    only: ofPicture,
    instead: sayWhich,
  }),
  force: option.flag({ doc: "Replace a picture that exists.", default: false, only: ofPicture, instead: sayWhich }),
};

export const inspect = defineCommand<typeof options, Kind>({
  name: "inspect",
  summary: summaries.inspect,
  usage: "FILE",
  options,
  positional: "files",
  async look({ files }) {
    if (files.length > 1) {
      const what = `expected one file, got ${files.length}`;
      throw refusal("bad-option", "inspect", what, "Inspect them one after the other.");
    }
    return (await import("../core/storage/inspect/inspect-file.js")).kindOf(files[0]!);
  },
  // What reads the other formats comes back by itself, within its budgets, and is there in half the time.
  isConfined: (kind) => kind.isConfined,
  examples: [
    { cmd: "inspect fixtures/beads.mote", shows: "What a recording holds and how it was made." },
    { cmd: "inspect fixtures/beads.mote --json", shows: "The same for programs." },
    { cmd: "acquire fixtures/beads.mote | mote inspect -", shows: "What comes down a pipe." },
  ],
  async run({ files, png, pngOut, force }, { reads }, kind) {
    const path = files[0]!;
    const { frameToDraw, inspectFile } = await import("../core/storage/inspect/inspect-file.js");
    if (png !== undefined) {
      const out = pngOut ?? `${path === "-" ? "stdin" : path}.frame-${png}.png`;
      if (!/(\.png|[/\\][^./\\]+)$/i.test(`/${out}`))
        throw refusal(
          "bad-option",
          `inspect, --png-out ${out}`,
          "expected a name that ends in .png",
          "The picture is a PNG.",
        );
      const drawing = await frameToDraw(path, kind, png);
      const { savePicture } = await import("../core/storage/save-picture.js");
      const { fileConflicts } = await import("../core/storage/claim/own-inputs.js");
      const read = { where: `inspect, ${path}`, file: path === "-" ? 0 : path };
      const conflicts = fileConflicts({
        reads: [...reads, read],
        writes: [{ where: `inspect, --png-out ${out}`, file: out }],
      });
      if (conflicts.length > 0) throw new MoteError(conflicts, { exitCode: 2 });
      const drawn = drawing.points.filter((point) => point.frame === png).length;
      savePicture("inspect, --png-out", out, drawing, force);
      return {
        text: `${out}: frame ${png} with ${drawn} detections`,
        json: { picture: out, frame: png, detections: drawn },
      };
    }
    const description = await inspectFile(path, kind);
    const { inspectText } = await import("../core/storage/inspect/lines.js");
    const { endingOf } = await import("../core/storage/inspect/ending.js");
    const ending = endingOf(path, description);
    const json = plainJson({ file: path, kind: description.kind, ...description.facts, ending: { ...ending } });
    return { text: inspectText(path, description, ending), json, exitCode: ending.state === "cut" ? 3 : 0 };
  },
});
