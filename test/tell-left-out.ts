/** After the quick tier, says which files it left out and how to run them: nothing is left out in silence. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";

/** Every test file, as "test/core/link-queue.test.ts". */
function allTests(root: string): string[] {
  return readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`);
}

export default class TellLeftOut implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const { root, project } = this.#vitest!.config;
    if (project.length === 0) return;
    const ran = new Set(modules.map(({ moduleId }) => relative(root, moduleId)));
    const leftOut = allTests(root).filter((name) => !ran.has(name));
    if (leftOut.length === 0) return;
    console.log(
      `\nLeft out, ${leftOut.length} of ${leftOut.length + ran.size} files (npm run test:all runs them too):`,
    );
    for (const name of leftOut.sort()) console.log(`  ${name}`);
  }
}
