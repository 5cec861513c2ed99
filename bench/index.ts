/** All benches, one after the other: `npm run bench`. */
import { benchCases } from './cases.ts';
import { benchChannels } from './channels.ts';
import { benchFlat } from './flat.ts';
import { sayWhere } from './harness.ts';
import { benchHelper } from './helper.ts';
import { benchKernels } from './kernels.ts';
import { benchLimits } from './limits.ts';
import { benchMemory } from './memory.ts';
import { benchModel } from './model.ts';
import { benchSave } from './save.ts';
import { benchStart } from './start.ts';
import { benchThread } from './thread.ts';
import { benchWholeLoad } from './whole-load.ts';

sayWhere();
benchKernels([]);
await benchCases();
await benchFlat();
await benchLimits();
benchStart();
await benchSave();
await benchWholeLoad();
await benchHelper();
benchMemory();
await benchThread();
await benchChannels();
benchModel();
