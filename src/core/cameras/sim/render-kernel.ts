/** The kernels this camera draws with; what they compute is said in src/core/kernels/assembly/render.ts. */
import type { Kernels } from "../../kernels/load-kernels.js";

export type RenderKernels = Pick<
  Kernels,
  "renderBackground_u8" | "renderBackground_u16" | "addBead_u8" | "addBead_u16"
>;
