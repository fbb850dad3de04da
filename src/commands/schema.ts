/** The JSON Schema of run files, computed from the stages' declarations. */
import { defineCommand } from "../core/pipeline/command.js";
import { runFileSchema } from "../core/pipeline/run-file-schema.js";
import { summaries } from "./summaries.js";

export const schema = defineCommand({
  name: "schema",
  summary: summaries.schema,
  options: {},
  examples: [{ cmd: "schema", shows: "The schema; point your editor at it to complete and check run files." }],
  async run() {
    const { loadStage, stageNames } = await import("./index.js");
    const stages = await Promise.all(stageNames.map((name) => loadStage(name)!));
    const json = runFileSchema(stages);
    return { text: JSON.stringify(json, null, 2), json };
  },
});
