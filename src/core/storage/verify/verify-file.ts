/** Verifies one file or folder: what its format says, and what the lock beside it says of who writes it. */
import { OverBudget } from "../../budget.js";
import { decoding } from "../../decoding.js";
import { FormatProblem } from "../../format-problem.js";
import { holderClause, locksBeside } from "../claim/lock-beside.js";
import type { Format } from "../formats/format.js";
import { Verification, type Verify, type VerifyOptions } from "./verification.js";

const codes = { alive: "being-written", gone: "writer-died", elsewhere: "writer-elsewhere" } as const;

export async function verifyFile(
  path: string,
  format: Format,
  options: VerifyOptions,
  onProgress?: (done: number, total: number) => void,
): Promise<Verification> {
  const report = new Verification(path, onProgress);
  report.format = format.name;
  report.isRecoverable = format.recover !== undefined;
  // Looked at before, too: a writer that ends meanwhile leaves no lock, and what was read is not what it wrote.
  const locked = format.locked?.(path) ?? [path];
  const before = locksBeside(locked);
  const verifyOne = await format.verify();
  await verifyBounded(verifyOne, path, report, options);
  const after = locksBeside(locked);
  for (const found of after.length > 0 ? after : before) {
    // A format's own mark of its end says more than a lock, unless somebody writes just now.
    if (report.isEnded && found.state !== "alive") report.note(`${found.lock} is there too: ${holderClause(found)}`);
    else report.missing("completeness", holderClause(found), { code: codes[found.state] });
  }
  return report;
}

/** Lets a format's verifier look at a file; what it cannot make sense of is damage. */
export async function verifyBounded(
  verifyOne: Verify,
  path: string,
  report: Verification,
  options: VerifyOptions,
): Promise<void> {
  try {
    await decoding(() => verifyOne(path, report, options));
  } catch (error) {
    if (!(error instanceof FormatProblem || error instanceof OverBudget)) throw error;
    const byte = error instanceof FormatProblem ? error.byte : undefined;
    report.damaged("decoding", error.message, byte === undefined ? {} : { byte });
  }
}
