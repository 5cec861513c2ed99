/** How fast does a stream become RAM again, and how fast is it only looked through? */
import { inspectStream, loadStream, Prng, saveToMemory, unlimited } from '../src/index.ts';
import { compare, writtenGuest } from './harness.ts';

export async function benchLoad(): Promise<void> {
  const guest = writtenGuest((words, random) => {
    for (let i = 0; i < words.length; i++) words[i] = i & 1024 ? random.nextU32() : 0;
  }, new Prng(1));
  const { stream } = await saveToMemory(guest, { policy: unlimited });
  const loaded = loadStream(stream).guest;
  const same = loaded
    .ram(loaded.largestBlock())
    .every((byte, i) => byte === guest.ram(guest.largestBlock())[i]);
  if (!same) throw new Error('the stream does not load as it was saved');
  await compare('half zero pages, half random', [
    { name: 'load', run: () => void loadStream(stream) },
    { name: 'inspect', run: () => void inspectStream(stream) },
  ]);
}
