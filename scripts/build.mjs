// Makes dist: the kernels beside the modules, which need nothing of each other, then the chunks of both.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const assembly = "src/core/kernels/assembly";
const kernels = "src/core/kernels/kernels.wasm";
/** What the kernels were compiled of, and what came of it. */
const recipe = "dist/kernels.recipe";

/** Runs a program of the packages; rejects when it fails, which it has told by then. */
function program(path, ...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join("node_modules", path), ...words], { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${path} ended with code ${code}`))));
  });
}

function kernelsRecipe() {
  const sources = readdirSync(assembly, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const inputs = sources.sort().map((name) => join(assembly, name));
  const hash = createHash("sha256");
  for (const file of [...inputs, "asconfig.json", "node_modules/assemblyscript/package.json", kernels]) {
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    hash.update(`${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

async function compileKernels() {
  if (existsSync(kernels) && existsSync(recipe) && readFileSync(recipe, "utf8") === kernelsRecipe()) return;
  rmSync(recipe, { force: true });
  const entry = join(assembly, "index.ts");
  await program("assemblyscript/bin/asc.js", entry, "--target", "release", "--config", "asconfig.json");
  mkdirSync("dist", { recursive: true });
  writeFileSync(recipe, kernelsRecipe());
}

const made = await Promise.allSettled([compileKernels(), program("typescript/bin/tsc", "-p", "tsconfig.json")]);
for (const { reason } of made) if (reason) console.error(`build: ${reason.message}`);
if (made.some(({ status }) => status === "rejected")) process.exit(1);
// tsc copies no binaries: the compiled kernels lie beside the module that loads them.
copyFileSync(kernels, "dist/core/kernels/kernels.wasm");
await import("./bundle.mjs");
