/** What a measurement was made on. */
import { arch, cpus, platform, release, totalmem } from 'node:os';

/** The machine, as it stands in a result document. */
export function describeMachine(): Record<string, string | number> {
  const processors = cpus();
  return {
    node: process.versions.node,
    platform: platform(),
    release: release(),
    arch: arch(),
    cpus: processors.length,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    memory_bytes: totalmem(),
  };
}
