/** Instantiates the WebAssembly kernels on the one shared memory. Knows no frames and no parameters. */

import { readFileSync } from "node:fs";

/** Addresses, counts and parameters in; a number, or nothing, out. Each kernel's docstring is in `assembly/`. */
export type Kernel = (...values: number[]) => number;

export interface Kernels {
  readonly copyRows_u8: Kernel;
  readonly copyRows_u16: Kernel;
  readonly copyRows_f32: Kernel;
  readonly extremes_u16: Kernel;
  readonly movingAverage_u16: Kernel;
  readonly averageColumns_f32: Kernel;
  readonly averageRows_f32: Kernel;
  readonly brightest_f32: Kernel;
  readonly bandPass_u16: Kernel;
  readonly bandPassSingle_u16: Kernel;
  readonly exactMost_u16: Kernel;
  readonly scaleSingle_u16: Kernel;
  readonly bracketSamples_f32: Kernel;
  readonly bandPass_f32: Kernel;
  readonly scale_f32: Kernel;
  readonly scale_f64: Kernel;
  readonly summarize_u16: Kernel;
  readonly percentileOfNonZero_u16: Kernel;
  readonly findPeaks_u16: Kernel;
  readonly refine_u16: Kernel;
  readonly dropClose: Kernel;
  readonly characterize_u16: Kernel;
  readonly rawMass_f32: Kernel;
  readonly sumBackground_u16: Kernel;
  readonly finishBackground_u16: Kernel;
  readonly measureBackground_f32: Kernel;
  readonly renderBackground_u8: Kernel;
  readonly renderBackground_u16: Kernel;
  readonly addBead_u8: Kernel;
  readonly addBead_u16: Kernel;
  readonly bitShuffle_u8: Kernel;
  readonly bitShuffle_u16: Kernel;
  readonly bitShuffle_u32: Kernel;
  readonly lz4Compress: Kernel;
  readonly decodeGradient_u16: Kernel;
}

/** Below this address lie the kernels' statics (`__heap_base` is lower; a test checks it). Everything else starts here. */
export const kernelStaticBytes = 65536;

/** Compiled once a thread; instances are cheap. */
let compiled: WebAssembly.Module | undefined;

/** Kernels keep no state, so that any number of threads may have instances on one memory. */
export function loadKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}
