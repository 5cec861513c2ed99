/** What the block table and the cache count. */

export function add_count(entry: usize, counter: usize, count: u32): void {
  store<u64>(entry + counter, load<u64>(entry + counter) + <u64>count);
}
