/** What `mote inspect` says of a Zarr store. */

import { formatCount } from "../../../units.js";
import { type Ending, storeEnding } from "../../inspect/ending.js";
import type { Inspector, Line } from "../../inspect/inspection.js";
import { lostWords, notWhole, rate } from "../../inspect/lines.js";
import { describeZarr, type ZarrDescription } from "./describe.js";

export const zarrInspector: Inspector = {
  async inspect(path) {
    const facts = await describeZarr(path);
    const ending = storeEnding(facts.isComplete, facts.recordedLoss);
    return { kind: "zarr", facts, ending, lines: (known) => zarrLines(facts, known) };
  },
};

function zarrLines(z: ZarrDescription, ending: Ending): readonly Line[] {
  const kind = z.omeVersion === null ? `Zarr ${z.zarrVersion}` : `OME-Zarr ${z.omeVersion} (Zarr ${z.zarrVersion})`;
  const { tracks, ledger } = z.tables;
  return [
    ["kind", `${kind}, axes ${z.axes.map((name) => name ?? "?").join(",")}`],
    ["frames", formatCount(z.frameCount, "frame")],
    ["shape", `${z.shape.width}x${z.shape.height} ${z.pixelFormat}, ${z.bitDepth} bit`],
    [
      "chunks",
      `${z.chunkShape.join(" x ")}, ${z.codecs.filter((name) => name !== "bytes").join(", ") || "not compressed"}`,
    ],
    ["shards", z.shardShape?.join(" x ") ?? null],
    [
      "levels",
      z.levels.length < 2 ? null : z.levels.map(({ path, shape }) => `${path} (${shape.join(", ")})`).join(", "),
    ],
    ["pixel size", z.pixelSizeUm === null ? null : `${z.pixelSizeUm} um`],
    ["rate", rate(z.rateHz)],
    ["detections", tracks === undefined ? null : formatCount(tracks, "detection")],
    ["ledger", ledger === undefined ? null : formatCount(ledger, "row")],
    [
      "closed",
      z.isComplete === null ? "not written by Mote" : z.isComplete ? "in order" : "no: the run was cut, or goes on",
    ],
    ["lost", z.lostFrames > 0 ? lostWords(z.lostFrames) : null],
    ["whole", notWhole(ending)],
  ];
}
