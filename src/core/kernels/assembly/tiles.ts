// Tiles of the search for the brightest pixel. Powers of two.
export const tileWidth: i32 = 32;
export const tileHeight: i32 = 16;
