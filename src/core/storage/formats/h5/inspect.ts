/** What `mote inspect` says of an HDF5 file. */

import type { JsonObject } from "../../../model/json.js";
import { formatCount } from "../../../units.js";
import { type Ending, storeEnding } from "../../inspect/ending.js";
import type { Inspector, Line } from "../../inspect/inspection.js";
import { closed, gaps, notWhole, range, rate, settings } from "../../inspect/lines.js";
import { describeH5, type H5Description, readH5Frame } from "./describe.js";

export const h5Inspector: Inspector = {
  async inspect(path) {
    const facts = await describeH5(path);
    const ending = storeEnding(facts.isComplete, facts.recordedLoss);
    return { kind: "hdf5", facts, ending, lines: (known) => h5Lines(facts, known) };
  },
  draw: async (path, frameNumber) => ({ ...(await readH5Frame(path, frameNumber)), stretch: null }),
};

function h5Lines(h: H5Description, ending: Ending): readonly Line[] {
  const f = h.frames;
  const tracking = h.metadata.tracking_config as JsonObject | null | undefined;
  const ledger = h.ledger
    ? Object.entries(h.ledger)
        .map(([fate, count]) => `${fate} ${count}`)
        .join(", ")
    : null;
  return [
    ["kind", "HDF5"],
    ["frames", f ? `${formatCount(f.count, "frame")}${range(f.firstFrame, f.lastFrame)}` : "none"],
    [
      "shape",
      f
        ? `${f.shape.width}x${f.shape.height} ${f.pixelFormat ?? "of a type Mote does not know"}, filter ${f.filter}`
        : null,
    ],
    ["pixel size", f?.pixelSizeUm == null ? null : `${f.pixelSizeUm} um`],
    ["rate", rate(f?.rateHz ?? null)],
    ["gaps", f ? gaps(f.missing) : null],
    [
      "detections",
      h.detections
        ? `${formatCount(h.detections.rows, "detection")} in ${formatCount(h.detections.tracks, "track")}`
        : "none",
    ],
    ["tracking", tracking ? settings(tracking) : null],
    ["ledger", ledger],
    ["closed", h.isComplete === null ? "not written by Mote" : closed(h.isComplete)],
    ["whole", notWhole(ending)],
    ...(f || h.detections
      ? []
      : h.datasets.map((set): Line => ["", `${set.path} (${set.shape.join(", ")}) ${set.type}`])),
  ];
}
