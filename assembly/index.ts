/** The ABI of the core, and nothing else. */
export * from './bitmap';
export * from './decode';
export * from './encode';
export * from './layout';
export * from './zero';
