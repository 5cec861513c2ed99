/** What the page does with the bench: the cases that Node has. */
import { init } from 'pagepipe';
import { runBench } from 'pagepipe/bench';

/** The document of all cases on a small guest, as text. */
export async function bench({ size_bytes }) {
  await init();
  return JSON.stringify(
    await runBench({ size_bytes, budget_ns: 0, machine: { agent: navigator.userAgent } }),
  );
}
