/** What the headers of images say, whatever opened them. */
import type { ImageFileFacts } from "../../imaging/image-file.js";
import { formatCount } from "../../units.js";
import { type Ending, endingByLoss } from "./ending.js";
import type { Inspection, Line } from "./inspection.js";
import { lostWords, notWhole, plain, rate } from "./lines.js";

export function inspectionOf(facts: ImageFileFacts): Inspection {
  return { kind: "images", facts, ending: endingOfImages(facts), lines: (ending) => imageLines(facts, ending) };
}

function endingOfImages({ recordedLoss }: ImageFileFacts): Ending {
  return recordedLoss
    ? endingByLoss(recordedLoss)
    : { state: "unknown", why: "it does not say whether it was finished" };
}

function imageLines(i: ImageFileFacts, ending: Ending): readonly Line[] {
  return [
    ["kind", "images"],
    ["frames", formatCount(i.frameCount, "frame")],
    ["shape", `${i.shape.width}x${i.shape.height} ${i.pixelFormat}, ${i.bitDepth} bit`],
    ["pixel size", i.pixelSizeUm === null ? null : `${i.pixelSizeUm} um`],
    ["rate", rate(i.rateHz)],
    ["lost", i.recordedLoss?.lost ? lostWords(i.recordedLoss.lost) : null],
    ["whole", notWhole(ending)],
    ...Object.entries(i.metadata).map(([name, value]): Line => [name, plain(value)]),
  ];
}
