import { expect, test } from "vitest";
import { planDivision } from "../../../src/core/tracking/locate/division.js";

/** The kernels' 16-bit arithmetic: i16x8.q15mulr_sat_s, then an arithmetic shift. */
function divide(sum: number, { multiplier, shift, bias, offset }: ReturnType<typeof planDivision>): number {
  const x = sum - bias;
  return (Math.floor((x * multiplier + 0x4000) / 32768) >> shift) + offset;
}

test("every sum up to the plan's maximum is divided exactly, for every odd size", () => {
  for (let size = 1; size <= 301; size += 2) {
    const plan = planDivision(size);
    let wrong = 0;
    for (let sum = 0; sum <= plan.maximum; sum++) {
      const x = sum - plan.bias;
      if (x < -32768 || x > 32767 || divide(sum, plan) !== Math.floor(sum / size)) wrong++;
    }
    expect(wrong, `size ${size}`).toBe(0);
  }
});

test("a diameter of 21 leaves room for 3120 grey levels above the darkest pixel", () => {
  expect(planDivision(21).maximum).toBeGreaterThanOrEqual(21 * 3120);
});
