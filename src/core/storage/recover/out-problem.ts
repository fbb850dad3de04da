import { statSync } from "node:fs";
import type { Problem } from "../../errors.js";
import { claimProblem } from "../claim/claim.js";

/** What is wrong with writing a recovery there, if anything: nothing that exists is written over, folders included. */
export function outProblem(out: string): Problem | undefined {
  const where = `recover, --out ${out}`;
  if (statSync(out, { throwIfNoEntry: false })) {
    return { code: "exists-already", where, what: "exists already", hint: "Choose another name with --out." };
  }
  return claimProblem({ where, path: out, isForced: false });
}
