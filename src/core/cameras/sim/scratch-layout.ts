/** Where the simulated camera keeps its noise and profiles in the scratch it is given. */
import { noiseFieldLength } from "./noise-field.js";
import { patchRadius, type SimSettings } from "./settings.js";

/** Samples of the beads' shot noise. */
export const shotSamples = 1 << 18;

export interface ScratchLayout {
  readonly fieldSamples: number;
  readonly patchEdge: number;
  readonly backgroundAt: number;
  readonly shotAt: number;
  readonly rowStartsAt: number;
  readonly profilesAt: number;
  readonly bytes: number;
}

/** Where noise and profiles lie in the scratch; offsets are multiples of 64. */
export function scratchLayout(settings: SimSettings): ScratchLayout {
  const { height, width } = settings.shape;
  const patchEdge = 2 * patchRadius(settings, settings.amplitude * (1 + settings.amplitudeSpread)) + 8;
  const fieldSamples = noiseFieldLength(height * width);
  const round = (bytes: number) => Math.ceil(bytes / 64) * 64;
  const shotAt = round((fieldSamples + width + 64) * 2);
  const rowStartsAt = shotAt + round((shotSamples + patchEdge * patchEdge) * 2);
  const profilesAt = rowStartsAt + round(height * 4);
  return {
    fieldSamples,
    patchEdge,
    backgroundAt: 0,
    shotAt,
    rowStartsAt,
    profilesAt,
    bytes: profilesAt + 4 * round(patchEdge * 4),
  };
}

/** Bytes of shared memory that the simulated camera keeps its noise in. */
export function simScratchBytes(settings: SimSettings): number {
  return scratchLayout(settings).bytes;
}
