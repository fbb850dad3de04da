/** `--camera sim`: beads in Brownian motion. */
import type { JsonObject } from "../../model/json.js";
import { defineCamera } from "../camera.js";
import { countDropped } from "../faults.js";
import { simOptions, simSettings } from "./options.js";
import { simScratchBytes } from "./scratch-layout.js";
import { simPixelFormat, unpacedRateHz } from "./settings.js";
import type { SimPlan } from "./sim-camera.js";

export const sim = defineCamera<typeof simOptions, SimPlan>({
  name: "sim",
  summary: "sim is the simulated one",
  description: "With --camera sim it simulates beads in Brownian motion, the same to the byte for the same seed.",
  heading: "Simulated camera:",
  options: simOptions,
  examples: [
    {
      cmd: "acquire --camera sim --size 256x256 --beads 16 --frames 20 --fault duplicate@7 > /dev/null",
      shows: "Simulate beads on a camera that sends a frame twice; the second copy is left out.",
    },
  ],
  negotiate(_where, o) {
    const settings = simSettings(o, o.size);
    const frames = o.frames ?? null;
    return {
      frames: {
        shape: settings.shape,
        pixelFormat: simPixelFormat(settings),
        bitDepth: settings.bitDepth,
        pixelSizeUm: o.pixelSize ?? null,
        rateHz: o.fps ?? unpacedRateHz,
        frameCount: frames === null ? null : frames - countDropped(settings.faults, frames),
        isLive: o.fps !== undefined,
        source: { camera: "sim", ...(settings as unknown as JsonObject) },
      },
      plan: { settings, frames, paceHz: o.fps ?? null, truth: o.truth ?? null },
      scratchBytes: simScratchBytes(settings),
    };
  },
  async check(_where, { truth }) {
    if (truth === null) return [];
    const { truthProblems } = await import("./truth-file.js");
    return truthProblems(truth);
  },
  uses: (where, { truth }) =>
    truth === null ? {} : { writes: [{ where: `${where}, --truth ${truth}`, file: truth }] },
  async open(plan, context) {
    const [{ openSimCamera }, { loadKernels }] = await Promise.all([
      import("./sim-camera.js"),
      import("../../kernels/load-kernels.js"),
    ]);
    return openSimCamera(plan, context, loadKernels(context.memory));
  },
});
