/** All benches, one after the other: `npm run bench`. */
import { benchEncode } from './encode.ts';
import { benchLoad } from './load.ts';

await benchEncode();
await benchLoad();
