/** The ABI of the core, and nothing else. */
export * from './bitmap';
export * from './collect';
export * from './decode';
export * from './diff';
export * from './encode';
export * from './layout';
export * from './xbzrle';
export * from './zero';
