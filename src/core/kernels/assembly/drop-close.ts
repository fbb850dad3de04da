// Of any two features nearer than the separation one goes: trackpy's where_close, through a grid of cells one separation
// wide, so that only neighbouring cells are compared.

/**
 * kept: int32 indices of the features that stay, in their order; returns how many. features: refine_u16's rows.
 * dropped: a byte a feature. heads: int32, cellsDown * cellsAcross with cells = floor((size - 1) / separation) + 2;
 * next: int32 a feature.
 */
export function dropClose(
  kept: usize, features: usize, count: i32, separationY: f64, separationX: f64,
  dropped: usize, heads: usize, next: usize, cellsDown: i32, cellsAcross: i32,
): i32 {
  const limit: f64 = (1.0 - 1e-7) * (1.0 - 1e-7);
  memory.fill(dropped, 0, <usize>count);
  memory.fill(heads, 0xff, (<usize>(cellsDown * cellsAcross)) << 2);
  for (let i = 0; i < count; i++) {
    const y = load<f64>(features + <usize>i * 40) / separationY;
    const x = load<f64>(features + <usize>i * 40, 8) / separationX;
    const row = min(max(<i32>floor<f64>(y), 0), cellsDown - 1);
    const col = min(max(<i32>floor<f64>(x), 0), cellsAcross - 1);
    for (let j = max(row - 1, 0); j <= min(row + 1, cellsDown - 1); j++) {
      for (let k = max(col - 1, 0); k <= min(col + 1, cellsAcross - 1); k++) {
        let other = load<i32>(heads + ((<usize>(j * cellsAcross + k)) << 2));
        while (other >= 0) {
          const otherY = load<f64>(features + <usize>other * 40) / separationY;
          const otherX = load<f64>(features + <usize>other * 40, 8) / separationX;
          if ((otherY - y) * (otherY - y) + (otherX - x) * (otherX - x) <= limit) {
            const mine = load<f64>(features + <usize>i * 40, 16);
            const theirs = load<f64>(features + <usize>other * 40, 16);
            // `other` came first; of identical features the first goes.
            const keepsOther = mine == theirs ? otherY + otherX > y + x : theirs > mine;
            store<u8>(dropped + <usize>(keepsOther ? i : other), 1);
          }
          other = load<i32>(next + ((<usize>other) << 2));
        }
      }
    }
    const head = heads + ((<usize>(row * cellsAcross + col)) << 2);
    store<i32>(next + ((<usize>i) << 2), load<i32>(head));
    store<i32>(head, i);
  }
  let stays = 0;
  for (let i = 0; i < count; i++) {
    if (load<u8>(dropped + <usize>i)) continue;
    store<i32>(kept + ((<usize>stays) << 2), i);
    stays++;
  }
  return stays;
}
