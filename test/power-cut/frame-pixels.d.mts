export const side: number;
export function fillPixels(pixels: { [at: number]: number; readonly length: number }, number: number): void;
