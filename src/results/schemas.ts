/** The names of all documents, each once. */

/** A save's result document. */
export const RESULT_SCHEMA = 'pagepipe/result/1';
/** A line of a sweep: what was varied, with its result document. */
export const CELL_SCHEMA = 'pagepipe/cell/1';
/** What `bench --json` prints. */
export const BENCH_SCHEMA = 'pagepipe/bench/1';
/** What `compare --json` prints. */
export const COMPARE_SCHEMA = 'pagepipe/compare/1';
/** What `inspect --json` prints. */
export const INSPECT_SCHEMA = 'pagepipe/inspect/1';
/** What `load --json` prints. */
export const LOAD_SCHEMA = 'pagepipe/load/1';
/** The summary of a sweep. */
export const SWEEP_SCHEMA = 'pagepipe/sweep/1';
/** A set of costs for the model. */
export const COSTS_SCHEMA = 'pagepipe/costs/1';
/** A scenario of the model. */
export const SCENARIO_SCHEMA = 'pagepipe/scenario/1';
