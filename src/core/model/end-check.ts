/** Judges the end of a stream that came from outside before its totals are counted on. */
import { mostFrames } from "./event-check.js";
import { isJsonObject } from "./json.js";
import { isWholeNumber } from "./range.js";

/** What is wrong with it, as a clause behind "the end message", or undefined. */
export function endFault(value: unknown): string | undefined {
  if (!isJsonObject(value)) return "is no JSON object";
  if (typeof value.isComplete !== "boolean") return "does not say whether it isComplete";
  if (!isCount(value.lost)) return `says that ${JSON.stringify(value.lost)} frames were lost`;
  if (value.notStored !== undefined && !isCount(value.notStored)) {
    return `says that ${JSON.stringify(value.notStored)} frames were not stored`;
  }
  if (value.failure !== undefined && typeof value.failure !== "string") return "has a failure that is no text";
  if (!Array.isArray(value.stages)) return "has no list of stages";
  for (const stage of value.stages as unknown[]) {
    const fault = stageFault(stage);
    if (fault) return fault;
  }
  return undefined;
}

function stageFault(value: unknown): string | undefined {
  if (!isJsonObject(value) || typeof value.stage !== "string") return "has a stage without a name";
  const name = value.stage.slice(0, 40);
  for (const key of ["in", "out", "failed"]) {
    if (!isCount(value[key])) return `says that stage ${name} had ${JSON.stringify(value[key])} frames ${key}`;
  }
  if (!isJsonObject(value.dropped) || !Object.values(value.dropped).every(isCount)) {
    return `does not say what stage ${name} dropped`;
  }
  return isJsonObject(value.summary) ? undefined : `has no summary of stage ${name}`;
}

/** Totals add up over several spans and stages: they may be larger than one span, and are exact all the same. */
function isCount(value: unknown): value is number {
  return isWholeNumber(value, 0, 32 * mostFrames);
}
