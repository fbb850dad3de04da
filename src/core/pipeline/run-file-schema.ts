/** Run files as JSON Schema (2020-12), from the stages' declarations. */
import { linkPolicies } from "../memory/link-shape.js";
import type { JsonObject } from "../model/json.js";
import type { OptionSpec, OptionSpecs } from "../option/option.js";
import { ruleText } from "../option/rules.js";
import { failurePolicies, optionsOf } from "./negotiate.js";
import type { StageDeclaration } from "./stage.js";

export function runFileSchema(stages: readonly StageDeclaration[]): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Mote run file",
    type: "object",
    required: ["version", "stages"],
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      version: { const: 1 },
      description: { type: "string" },
      onFailure: {
        enum: [...failurePolicies],
        default: "end-run",
        description:
          "What the others do when a stage fails or its disk is full: end too, or go on while a sink is left.",
      },
      stages: { type: "array", minItems: 2, items: { oneOf: stages.map(stageSchema) } },
    },
  };
}

/** What it does, and when it means something. */
function describe(spec: OptionSpec<unknown>, specs: OptionSpecs): string {
  const rule = ruleText(spec, specs);
  return rule ? `${spec.doc} (${rule})` : spec.doc;
}

const inputSchema = {
  from: {
    type: "string",
    description: "Tag or name of the stage whose frames this one takes; the one before it when not given.",
  },
  link: {
    type: "object",
    description: "The way from there.",
    additionalProperties: false,
    properties: {
      policy: {
        enum: [...linkPolicies],
        description: "What happens when this stage does not keep up; by default what that stage's backpressure says.",
      },
      every: {
        type: "integer",
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 1,
        description: "Every how many frames one is taken.",
      },
    },
  },
};

function stageSchema(stage: StageDeclaration): JsonObject {
  const specs = Object.entries(optionsOf(stage));
  const properties = specs.map(([name, spec]) => [
    name,
    {
      ...spec.schema,
      description: describe(spec, optionsOf(stage)),
      ...(spec.default === undefined ? {} : { default: spec.default }),
    },
  ]);
  const hasPresets = stage.presets !== undefined;
  const required = specs.filter(([, spec]) => spec.isRequired && !hasPresets).map(([name]) => name);
  return {
    type: "object",
    description: stage.summary,
    required: ["stage", ...required],
    additionalProperties: false,
    properties: {
      stage: { const: stage.name },
      tag: { type: "string", description: "Name of this stage in reports; the stage's own when not given." },
      ...Object.fromEntries(properties),
      // Files that a stage replays in place of a source have no place in a run, and their option's name is free.
      ...(stage.role === "source" ? {} : inputSchema),
    },
  };
}
