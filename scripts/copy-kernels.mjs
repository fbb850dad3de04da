// tsc copies no binaries: puts the compiled kernels beside the module that loads them.
import { copyFileSync } from "node:fs";

copyFileSync("src/core/kernels/kernels.wasm", "dist/core/kernels/kernels.wasm");
