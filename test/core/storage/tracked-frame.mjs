// Frames of 8 bits with tracks for the scripts that archive them by the library: for whoever kills, fails or watches them.
import { Frame } from "../../../dist/core/memory/frame.js";
import { slotLayout } from "../../../dist/core/memory/slot-layout.js";

export const columns = ["x", "y", "mass", "ecc", "size", "signal", "raw_mass", "ep", "particle_id"];

/** A frame of `side` x `side` pixels with room for `rows` detections, and what a store has to know of its stream. */
export function trackedFrame(side, rows) {
  const geometry = {
    pixelFormat: "uint8",
    pixelBytes: side * side,
    detectionRows: rows,
    detectionColumns: columns.length,
  };
  const descriptor = {
    pixelFormat: "uint8",
    shape: { height: side, width: side },
    bitDepth: 8,
    hasFrames: true,
    detections: { columns },
    isLinked: true,
    pixelSizeUm: null,
    rateHz: null,
    frameCount: null,
    isLive: false,
    source: {},
    calibration: null,
    producedBy: [],
  };
  return {
    geometry,
    descriptor,
    frame: new Frame(new SharedArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry),
  };
}
