import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kernelStaticBytes, loadKernels } from "../../../src/core/kernels/load-kernels.js";

const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true });

test("the kernels' statics lie below kernelStaticBytes", () => {
  const { __heap_base } = loadKernels(memory) as unknown as { __heap_base?: { value: number } };
  if (__heap_base !== undefined) expect(__heap_base.value).toBeLessThanOrEqual(kernelStaticBytes);
  else {
    // Without the export: instantiation writes the data segments, and nothing else, into a fresh memory.
    const touched = new Uint8Array(memory.buffer).findLastIndex((byte) => byte !== 0);
    expect(touched).toBeLessThan(kernelStaticBytes);
  }
});

test("the module has no start function and no mutable globals that it exports", () => {
  const module = new WebAssembly.Module(
    readFileSync(new URL("../../../src/core/kernels/kernels.wasm", import.meta.url)),
  );
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
});
