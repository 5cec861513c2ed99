/** All benches, one after the other: `npm run bench`. */
import { benchChannels } from './channels.ts';
import { benchEncode } from './encode.ts';
import { benchLoad } from './load.ts';
import { benchModel } from './model.ts';
import { benchThread } from './thread.ts';

await benchEncode();
await benchLoad();
await benchChannels();
benchModel();
await benchThread();
