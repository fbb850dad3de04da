/** `acquire`: frames from one of the cameras, or from files in place of one. */
import { type CameraOptions, everyCamera } from "../core/cameras/camera.js";
import {
  cameraNamed,
  cameraOf,
  cameraOption,
  cameras,
  namedCameras,
  variantOptions,
} from "../core/cameras/registry.js";
import { refusal } from "../core/errors.js";
import type { OptionSpecs } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import { summaries } from "./summaries.js";

const options: OptionSpecs & typeof everyCamera = { camera: cameraOption, ...everyCamera, ...variantOptions };
type Options = CameraOptions<OptionSpecs>;

interface Plan {
  readonly camera: string;
  /** The camera's own. */
  readonly plan: object;
}

export const acquire = defineStage<typeof options, Plan, unknown, unknown>({
  name: "acquire",
  role: "source",
  summary: summaries.acquire,
  description: cameras.map(({ description }) => description).join(" "),
  options,
  positional: "files",
  examples: cameras.flatMap(({ examples }) => examples),
  look: (o, _stageName, { lookAtFiles }) => chosen(o).look?.("acquire", o, lookAtFiles),
  negotiate(_input, o, facts) {
    const camera = chosen(o);
    const { frames, plan, scratchBytes } = camera.negotiate("acquire", o, facts);
    return {
      output: {
        ...frames,
        hasFrames: true,
        detections: null,
        isLinked: false,
        calibration: null,
        producedBy: [],
      },
      plan: { camera: camera.name, plan },
      needs: scratchBytes === undefined ? {} : { scratchBytes },
    };
  },
  check: ({ camera, plan }) => cameraNamed(camera).check?.("acquire", plan) ?? [],
  uses: ({ camera, plan }) => cameraNamed(camera).uses?.("acquire", plan) ?? {},
  connect: ({ camera, plan }, context) => cameraNamed(camera).connect?.(plan, context),
  open: ({ camera, plan }, context) => cameraNamed(camera).open(plan, context),
});

function chosen(o: Options) {
  const camera = cameraOf(o);
  if (camera) return camera;
  const named = namedCameras.map(({ name }) => `--camera ${name}`).join(" or ");
  throw refusal("bad-option", "acquire", "there is nothing to acquire from", `Name files, or a camera: ${named}.`);
}
